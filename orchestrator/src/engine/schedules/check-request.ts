import type { Manifest, ManifestHandler, Target } from '@fermata/lambda-runtime/protocol'
import { FermataError } from '../../domain/errors.ts'
import { leastEveryMs, scheduleMistakes } from '../../domain/schedules/manifest-schedules.ts'
import type { Timing } from '../../domain/schedules/schedule-document.ts'
import type { Calendar, Invoker, ScheduleRequest } from '../../ports/index.ts'
import type { Directory } from '../services/directory.ts'
import type { ScheduleDeps } from './schedule-deps.ts'

const namePattern = /^[A-Za-z][A-Za-z0-9_-]{0,99}$/

/** @throws FermataError `schedule-invalid` | `schedule-managed` | `handler-not-found` */
export async function checkRequest(
  { calendar, directory }: Pick<ScheduleDeps, 'calendar' | 'directory'>,
  name: string,
  { target, timing }: ScheduleRequest,
): Promise<void> {
  if (name.includes('/')) {
    const message = `Names with a "/" are those of schedules that come from the code; "${name}" can only be paused`
    throw new FermataError('schedule-managed', message)
  }
  if (!namePattern.test(name)) {
    throw invalid('A name is a letter, then up to 99 letters, digits, "_" or "-"')
  }
  const mistake = mistakeInTiming(calendar, timing)
  if (mistake !== undefined) throw invalid(mistake)
  await checkTarget(directory, target)
}

/** What it discovers has schedules without mistakes, or is refused with all of them: `deployment-invalid`. */
export function checkingSchedules(
  invoker: Pick<Invoker, 'discover'>,
  calendar: Calendar,
): Pick<Invoker, 'discover'> {
  return {
    async discover(address) {
      const manifest = await invoker.discover(address)
      checkManifest(calendar, manifest)
      return manifest
    },
  }
}

function checkManifest(calendar: Calendar, manifest: Manifest): void {
  const mistakes = scheduleMistakes(manifest, (timing) => mistakeInTiming(calendar, timing))
  if (mistakes.length > 0) throw new FermataError('deployment-invalid', mistakes.join('; '))
}

function mistakeInTiming(calendar: Calendar, timing: Timing): string | undefined {
  if (timing.kind === 'cron') return calendar.mistakeIn(timing)
  return timing.everyMs >= leastEveryMs ? undefined : 'every must be at least a second'
}

async function checkTarget(directory: Directory, target: Target): Promise<void> {
  const name = `${target.service}/${target.handler}`
  const deployment = await directory.resolve(target)
  const service = deployment?.manifest.services.find((one) => one.name === target.service)
  const handler = service?.handlers.find((one) => one.name === target.handler)
  if (handler === undefined) {
    throw new FermataError('handler-not-found', `No deployment serves ${name}`)
  }
  const mistake = mistakeInKey(handler, target.key)
  if (mistake !== undefined) throw invalid(`${name} ${mistake}`)
}

function mistakeInKey({ mode }: ManifestHandler, key: string | undefined): string | undefined {
  if (mode === 'workflow') return 'runs once per key: schedule a handler that starts it'
  if (mode === 'stateless') return key === undefined ? undefined : 'takes no key'
  return key === undefined ? 'needs a key' : undefined
}

function invalid(message: string): FermataError {
  return new FermataError('schedule-invalid', message)
}
