/** How long there is trouble, ms of simulated time. */
export const troubleMs = 60_000
/** How far a replica's wall clock may be wrong. */
export const mostSkewMs = 5_000
/** Simulated time after the last fault within which everything must have come to its end. */
export const recoveryMs = 900_000
/** The longest that a replica stands still. */
export const mostStallMs = 120_000
/** The longest that a store takes to answer. */
export const mostSlowMs = 5_000
/** How long somebody waits for an answer. */
export const answerMs = 3_000
/** The rhythm in which things go wrong and people act. */
export const stepMs = 250
