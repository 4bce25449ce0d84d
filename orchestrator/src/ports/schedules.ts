import type { InvocationId, Target, Value } from '@fermata/lambda-runtime/protocol'

export type ScheduleTiming =
  | { readonly kind: 'cron'; readonly cron: string; readonly timezone: string }
  | { readonly kind: 'every'; readonly everyMs: number }

export type ScheduleRequest = {
  readonly target: Target
  readonly input: Value
  readonly timing: ScheduleTiming
  /** Which of the ticks that were missed while nothing ran are made up for. */
  readonly catchUp: 'latest' | 'all' | 'none'
}

export type ScheduleView = ScheduleRequest & {
  readonly name: string
  readonly status: 'active' | 'paused'
  /** Epoch ms; made or passed over. */
  readonly lastTick: number | undefined
  /** What was created for it, if something was. */
  readonly lastInvocationId: InvocationId | undefined
  /** `undefined`: there is no tick any more, or it is paused. */
  readonly nextTick: number | undefined
  /** The deployment whose code has it; `undefined` for those that people made. */
  readonly deployment: string | undefined
}

/** What the admin API needs of schedules. All throw FermataError. */
export interface Schedules {
  list(): Promise<readonly ScheduleView[]>
  /** @throws `schedule-not-found` */
  get(name: string): Promise<ScheduleView>
  /** Creates or replaces it. @throws `schedule-invalid` | `schedule-managed` | `handler-not-found` */
  put(name: string, request: ScheduleRequest): Promise<ScheduleView>
  /** @throws `schedule-not-found` | `schedule-managed` */
  remove(name: string): Promise<void>
  /** No ticks until it is resumed; those of the pause are not made up for. @throws `schedule-not-found` */
  pause(name: string): Promise<ScheduleView>
  /** @throws `schedule-not-found` */
  resume(name: string): Promise<ScheduleView>
}
