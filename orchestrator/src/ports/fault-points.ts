/**
 * Named places where a process may die between two lines. In production they do nothing; tests bring an
 * adapter that kills the process, throws or waits when a point is reached.
 */
export type FaultPoint =
  | 'accept.before-append'
  | 'accept.after-append'
  | 'accept.before-commit'
  | 'append.before'
  | 'append.after'
  | 'effects.before'
  | 'effects.between'
  | 'effects.after'
  | 'output.before-completion'
  | 'output.after-completion'
  | 'agenda.before-flush'
  | 'agenda.after-flush'
  | 'slot.before-append'
  | 'slot.after-append'
  | 'head.before'
  | 'head.after'
  | 'live.before'
  | 'live.after'
  | 'promise.before-complete'
  | 'promise.after-complete'
  | 'promise.between-waiters'
  | 'collect.after-append'
  | 'collect.after-range'
  | 'collect.after-marks'
  | 'collect.after-create'
  | 'collect.after-advance'
  | 'schedule.before-claim'
  | 'schedule.after-claim'
  | 'schedule.after-create'
  | 'restart.before-copy'
  | 'restart.after-copy'
  | 'purge.before-remove'
  | 'invoke.before'
  | 'invoke.after'

export interface FaultPoints {
  /** `subject` says what the point is reached for: an invocation id, a shard, a record's position. */
  reach(point: FaultPoint, subject: string): Promise<void> | void
}
