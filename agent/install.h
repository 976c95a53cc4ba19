/* SPDX-License-Identifier: Apache-2.0 */
/*
 * install: puts rows from slimd into the NF's tables.
 *
 * Worker thread, between bursts. slimd writes records into the worker's install
 * ring; this side copies each record, then validates it, then applies it. The map
 * from source slot to local slot is the agent's. Which rows come in which order, with
 * several workers, is slimd's care: a source slot whose row goes to another
 * worker is deleted at the old one before it is put at the new one.
 *
 *   PUT    new key: acquire a slot, store all but local fields (these become 0);
 *          known key: the same without touching local fields;
 *          the source slot held another key before: that one is removed first
 *   DEL    removes what the source slot held, unless another source slot has
 *          taken over its entry since
 *   MERGE  lazy fields by their rules, if the entry still has that key and lives
 *          since it was put: a later one with the same key is another
 */
#ifndef SLIM_AGENT_INSTALL_H
#define SLIM_AGENT_INSTALL_H

#include "agent.h"

/* Forgets the records in the ring, and the map of the session before. On RECEIVE. */
void slim_install_begin(struct agent_worker *w);

/* Applies up to SLIM_INSTALL_BUDGET records. `rows`: PUT and DEL are allowed (else only
 * MERGE). Returns true while records wait. */
bool slim_install_poll(struct agent_worker *w, bool rows);

#endif
