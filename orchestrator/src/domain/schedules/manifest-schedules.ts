import {
  type Manifest,
  type ManifestHandler,
  type ScheduleInput,
  voidValue,
} from '@fermata/lambda-runtime/protocol'
import type { ScheduleSpec, Timing } from './schedule-document.ts'

/** A schedule's name for what the code says; names that people give have no `/`. */
export function managedName(service: string, handler: string): string {
  return `${service}/${handler}`
}

/** How long an interval is at least. */
export const leastEveryMs = 1_000

/** The timing that a manifest states, or what is wrong with it. */
export function timingOf({ cron, timezone, everyMs }: ScheduleInput): Timing | string {
  if (cron !== undefined && everyMs === undefined) {
    return { kind: 'cron', cron, timezone: timezone ?? 'UTC' }
  }
  if (everyMs === undefined || cron !== undefined) return 'a schedule has either cron or every'
  if (timezone !== undefined) return 'only a cron expression is in a time zone'
  if (everyMs < leastEveryMs) return 'every must be at least a second'
  return { kind: 'every', everyMs }
}

type Found = { readonly service: string; readonly handler: ManifestHandler }

function scheduled({ services }: Manifest): readonly (Found & { readonly input: ScheduleInput })[] {
  return services.flatMap(({ name: service, handlers }) =>
    handlers.flatMap((handler) =>
      handler.schedule === undefined ? [] : [{ service, handler, input: handler.schedule }],
    ),
  )
}

/** The schedules of a manifest by name. Those that have mistakes are left out. */
export function manifestSchedules(manifest: Manifest): ReadonlyMap<string, ScheduleSpec> {
  const specs = new Map<string, ScheduleSpec>()
  for (const { service, handler, input } of scheduled(manifest)) {
    const timing = timingOf(input)
    if (typeof timing === 'string' || handler.mode !== 'stateless') continue
    specs.set(managedName(service, handler.name), {
      target: { service, handler: handler.name },
      input: voidValue,
      timing,
      catchUp: input.catchUp ?? 'latest',
    })
  }
  return specs
}

/** What is wrong with a manifest's schedules. `mistakeIn` reads the cron expressions. */
export function scheduleMistakes(
  manifest: Manifest,
  mistakeIn: (timing: Timing) => string | undefined,
): readonly string[] {
  return scheduled(manifest).flatMap(({ service, handler, input }) => {
    const timing = timingOf(input)
    const mistake =
      handler.mode === 'stateless'
        ? typeof timing === 'string'
          ? timing
          : mistakeIn(timing)
        : 'a tick names no key: make a schedule with a key by the admin API'
    return mistake === undefined ? [] : [`${service}/${handler.name}: schedule: ${mistake}`]
  })
}
