/** Time, as far as the registrar knows it. */
export type Wait = {
  now(): number
  sleep(ms: number): Promise<void>
  /** Epoch ms: what is not done by then is reported as failed, while there is still time to report. */
  readonly deadline: number
  /** Epoch ms: a request that is still under way then is given up. After the deadline. */
  readonly giveUpAt: number
  /** How long a task that is being replaced, or nobody at all, is waited for. */
  readonly patienceMs: number
  /** Between two tries. */
  readonly everyMs: number
}
