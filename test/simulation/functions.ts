import type { InvokeRequest } from '@fermata/lambda-runtime/protocol'
import type { FunctionCode } from '@fermata/orchestrator/adapters/memory-invoker/memory-invoker'
import type { CrashPoint, Death } from '../chaos/crash-plan.ts'
import { functionOf } from '../chaos/function-process.ts'
import type { World } from '../unit/engine/world.ts'
import { controlDefinitions } from './control-handlers.ts'
import type { Faults } from './faults.ts'
import { definitions } from './handlers.ts'
import type { History } from './history.ts'
import { sceneDefinitions } from './scene-handlers.ts'
import { mostSkewMs } from './times.ts'

export const functionTimeoutMs = 60_000

const deaths = [
  ['function-dies', 'told'],
  ['function-unheard', 'unheard'],
  ['function-lives-on', 'lives-on'],
] as const

/** One version of the functions: each attempt is a process with a clock of its own, which may die. */
export function functionsOf(
  { clock, stores }: World,
  faults: Faults,
  history: History,
  nonce: () => string,
): FunctionCode {
  const deathAt = (name: string, { invocation }: InvokeRequest): Death | undefined => {
    for (const [kind, death] of deaths) {
      if (!faults.strikes(kind, placeOf(name), `${name} ${invocation}`)) continue
      history.add('function', `${kind} ${name} ${invocation}`)
      return death
    }
    return undefined
  }
  return functionOf([...definitions, ...sceneDefinitions, ...controlDefinitions], {
    ...{ clock, journals: stores.journals, objects: stores.objects },
    plan: { strikes: ({ name }: CrashPoint, request) => deathAt(name, request) },
    timeoutMs: functionTimeoutMs,
    nonce,
    wallOffsetMs: ({ invocation, epoch }) => {
      const much = faults.strikes('function-clock', 'a function', `${invocation} ${epoch}`)
      return much === undefined ? 0 : Math.round((2 * much - 1) * mostSkewMs)
    },
  })
}

/** `before step x` → `before step`. */
function placeOf(name: string): string {
  return name.split(' ').slice(0, 2).join(' ')
}
