/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The automaton, as data: RFC 1661 section 4.1's table, a row for each cell that is not "-", event after event. Of the
 * options that the RFC leaves open, none is taken: no restart (r), no passive end (p). Private to automaton.c.
 */
#ifndef PPPOE_TABLE_AUTOMATON_TABLE_H
#define PPPOE_TABLE_AUTOMATON_TABLE_H

/* state, event, actions, next state */
#define PPP_TRANSITIONS(X)                                                     \
	X(INITIAL, UP, 0, CLOSED)                                              \
	X(STARTING, UP, PPP_IRC_CONFIGURE | PPP_SCR, REQ_SENT)                 \
	X(CLOSED, DOWN, 0, INITIAL)                                            \
	X(STOPPED, DOWN, PPP_TLS, STARTING)                                    \
	X(CLOSING, DOWN, 0, INITIAL)                                           \
	X(STOPPING, DOWN, 0, STARTING)                                         \
	X(REQ_SENT, DOWN, 0, STARTING)                                         \
	X(ACK_RCVD, DOWN, 0, STARTING)                                         \
	X(ACK_SENT, DOWN, 0, STARTING)                                         \
	X(OPENED, DOWN, PPP_TLD, STARTING)                                     \
	X(INITIAL, OPEN, PPP_TLS, STARTING)                                    \
	X(STARTING, OPEN, 0, STARTING)                                         \
	X(CLOSED, OPEN, PPP_IRC_CONFIGURE | PPP_SCR, REQ_SENT)                 \
	X(STOPPED, OPEN, 0, STOPPED)                                           \
	X(CLOSING, OPEN, 0, STOPPING)                                          \
	X(STOPPING, OPEN, 0, STOPPING)                                         \
	X(REQ_SENT, OPEN, 0, REQ_SENT)                                         \
	X(ACK_RCVD, OPEN, 0, ACK_RCVD)                                         \
	X(ACK_SENT, OPEN, 0, ACK_SENT)                                         \
	X(OPENED, OPEN, 0, OPENED)                                             \
	X(INITIAL, CLOSE, 0, INITIAL)                                          \
	X(STARTING, CLOSE, PPP_TLF, INITIAL)                                   \
	X(CLOSED, CLOSE, 0, CLOSED)                                            \
	X(STOPPED, CLOSE, 0, CLOSED)                                           \
	X(CLOSING, CLOSE, 0, CLOSING)                                          \
	X(STOPPING, CLOSE, 0, CLOSING)                                         \
	X(REQ_SENT, CLOSE, PPP_IRC_TERMINATE | PPP_STR, CLOSING)               \
	X(ACK_RCVD, CLOSE, PPP_IRC_TERMINATE | PPP_STR, CLOSING)               \
	X(ACK_SENT, CLOSE, PPP_IRC_TERMINATE | PPP_STR, CLOSING)               \
	X(OPENED, CLOSE, PPP_TLD | PPP_IRC_TERMINATE | PPP_STR, CLOSING)       \
	X(CLOSING, TO_PLUS, PPP_STR, CLOSING)                                  \
	X(STOPPING, TO_PLUS, PPP_STR, STOPPING)                                \
	X(REQ_SENT, TO_PLUS, PPP_SCR, REQ_SENT)                                \
	X(ACK_RCVD, TO_PLUS, PPP_SCR, REQ_SENT)                                \
	X(ACK_SENT, TO_PLUS, PPP_SCR, ACK_SENT)                                \
	X(CLOSING, TO_MINUS, PPP_TLF, CLOSED)                                  \
	X(STOPPING, TO_MINUS, PPP_TLF, STOPPED)                                \
	X(REQ_SENT, TO_MINUS, PPP_TLF, STOPPED)                                \
	X(ACK_RCVD, TO_MINUS, PPP_TLF, STOPPED)                                \
	X(ACK_SENT, TO_MINUS, PPP_TLF, STOPPED)                                \
	X(CLOSED, RCR_PLUS, PPP_STA, CLOSED)                                   \
	X(STOPPED, RCR_PLUS, PPP_IRC_CONFIGURE | PPP_SCR | PPP_SCA, ACK_SENT)  \
	X(CLOSING, RCR_PLUS, 0, CLOSING)                                       \
	X(STOPPING, RCR_PLUS, 0, STOPPING)                                     \
	X(REQ_SENT, RCR_PLUS, PPP_SCA, ACK_SENT)                               \
	X(ACK_RCVD, RCR_PLUS, PPP_SCA | PPP_TLU, OPENED)                       \
	X(ACK_SENT, RCR_PLUS, PPP_SCA, ACK_SENT)                               \
	X(OPENED, RCR_PLUS, PPP_TLD | PPP_SCR | PPP_SCA, ACK_SENT)             \
	X(CLOSED, RCR_MINUS, PPP_STA, CLOSED)                                  \
	X(STOPPED, RCR_MINUS, PPP_IRC_CONFIGURE | PPP_SCR | PPP_SCN, REQ_SENT) \
	X(CLOSING, RCR_MINUS, 0, CLOSING)                                      \
	X(STOPPING, RCR_MINUS, 0, STOPPING)                                    \
	X(REQ_SENT, RCR_MINUS, PPP_SCN, REQ_SENT)                              \
	X(ACK_RCVD, RCR_MINUS, PPP_SCN, ACK_RCVD)                              \
	X(ACK_SENT, RCR_MINUS, PPP_SCN, REQ_SENT)                              \
	X(OPENED, RCR_MINUS, PPP_TLD | PPP_SCR | PPP_SCN, REQ_SENT)            \
	X(CLOSED, RCA, PPP_STA, CLOSED)                                        \
	X(STOPPED, RCA, PPP_STA, STOPPED)                                      \
	X(CLOSING, RCA, 0, CLOSING)                                            \
	X(STOPPING, RCA, 0, STOPPING)                                          \
	X(REQ_SENT, RCA, PPP_IRC_CONFIGURE, ACK_RCVD)                          \
	X(ACK_RCVD, RCA, PPP_SCR, REQ_SENT)                                    \
	X(ACK_SENT, RCA, PPP_IRC_CONFIGURE | PPP_TLU, OPENED)                  \
	X(OPENED, RCA, PPP_TLD | PPP_SCR, REQ_SENT)                            \
	X(CLOSED, RCN, PPP_STA, CLOSED)                                        \
	X(STOPPED, RCN, PPP_STA, STOPPED)                                      \
	X(CLOSING, RCN, 0, CLOSING)                                            \
	X(STOPPING, RCN, 0, STOPPING)                                          \
	X(REQ_SENT, RCN, PPP_IRC_CONFIGURE | PPP_SCR, REQ_SENT)                \
	X(ACK_RCVD, RCN, PPP_SCR, REQ_SENT)                                    \
	X(ACK_SENT, RCN, PPP_IRC_CONFIGURE | PPP_SCR, ACK_SENT)                \
	X(OPENED, RCN, PPP_TLD | PPP_SCR, REQ_SENT)                            \
	X(CLOSED, RTR, PPP_STA, CLOSED)                                        \
	X(STOPPED, RTR, PPP_STA, STOPPED)                                      \
	X(CLOSING, RTR, PPP_STA, CLOSING)                                      \
	X(STOPPING, RTR, PPP_STA, STOPPING)                                    \
	X(REQ_SENT, RTR, PPP_STA, REQ_SENT)                                    \
	X(ACK_RCVD, RTR, PPP_STA, REQ_SENT)                                    \
	X(ACK_SENT, RTR, PPP_STA, REQ_SENT)                                    \
	X(OPENED, RTR, PPP_TLD | PPP_ZRC | PPP_STA, STOPPING)                  \
	X(CLOSED, RTA, 0, CLOSED)                                              \
	X(STOPPED, RTA, 0, STOPPED)                                            \
	X(CLOSING, RTA, PPP_TLF, CLOSED)                                       \
	X(STOPPING, RTA, PPP_TLF, STOPPED)                                     \
	X(REQ_SENT, RTA, 0, REQ_SENT)                                          \
	X(ACK_RCVD, RTA, 0, REQ_SENT)                                          \
	X(ACK_SENT, RTA, 0, ACK_SENT)                                          \
	X(OPENED, RTA, PPP_TLD | PPP_SCR, REQ_SENT)                            \
	X(CLOSED, RUC, PPP_SCJ, CLOSED)                                        \
	X(STOPPED, RUC, PPP_SCJ, STOPPED)                                      \
	X(CLOSING, RUC, PPP_SCJ, CLOSING)                                      \
	X(STOPPING, RUC, PPP_SCJ, STOPPING)                                    \
	X(REQ_SENT, RUC, PPP_SCJ, REQ_SENT)                                    \
	X(ACK_RCVD, RUC, PPP_SCJ, ACK_RCVD)                                    \
	X(ACK_SENT, RUC, PPP_SCJ, ACK_SENT)                                    \
	X(OPENED, RUC, PPP_SCJ, OPENED)                                        \
	X(CLOSED, RXJ_PLUS, 0, CLOSED)                                         \
	X(STOPPED, RXJ_PLUS, 0, STOPPED)                                       \
	X(CLOSING, RXJ_PLUS, 0, CLOSING)                                       \
	X(STOPPING, RXJ_PLUS, 0, STOPPING)                                     \
	X(REQ_SENT, RXJ_PLUS, 0, REQ_SENT)                                     \
	X(ACK_RCVD, RXJ_PLUS, 0, REQ_SENT)                                     \
	X(ACK_SENT, RXJ_PLUS, 0, ACK_SENT)                                     \
	X(OPENED, RXJ_PLUS, 0, OPENED)                                         \
	X(CLOSED, RXJ_MINUS, PPP_TLF, CLOSED)                                  \
	X(STOPPED, RXJ_MINUS, PPP_TLF, STOPPED)                                \
	X(CLOSING, RXJ_MINUS, PPP_TLF, CLOSED)                                 \
	X(STOPPING, RXJ_MINUS, PPP_TLF, STOPPED)                               \
	X(REQ_SENT, RXJ_MINUS, PPP_TLF, STOPPED)                               \
	X(ACK_RCVD, RXJ_MINUS, PPP_TLF, STOPPED)                               \
	X(ACK_SENT, RXJ_MINUS, PPP_TLF, STOPPED)                               \
	X(OPENED, RXJ_MINUS, PPP_TLD | PPP_IRC_TERMINATE | PPP_STR, STOPPING)  \
	X(CLOSED, RXR, 0, CLOSED)                                              \
	X(STOPPED, RXR, 0, STOPPED)                                            \
	X(CLOSING, RXR, 0, CLOSING)                                            \
	X(STOPPING, RXR, 0, STOPPING)                                          \
	X(REQ_SENT, RXR, 0, REQ_SENT)                                          \
	X(ACK_RCVD, RXR, 0, ACK_RCVD)                                          \
	X(ACK_SENT, RXR, 0, ACK_SENT)                                          \
	X(OPENED, RXR, PPP_SER, OPENED)

#endif
