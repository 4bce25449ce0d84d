import type { Chance } from '../chance.ts'
import { type Act, gaveBy, type Stage, type Story } from '../story.ts'
import { type Asked, asking } from './asked.ts'

const lateMs = 640_000

/** Keys whose holder waits for longer than anything is kept, those in line behind it, and waits for promises (trace 7). */
export function hibernators(chance: Chance, mostMs: number): Story {
  const at = () => chance.below(mostMs)
  const bears = [0, 1, 2].map(
    (n): Asked => ({
      ...{ name: `bear ${n}`, target: { service: 'den', key: 'd', handler: 'hibernate' } },
      ...{ input: null, at: at(), id: undefined },
    }),
  )
  const vigil = { service: 'vigil', key: 'v' }
  const run: Asked = {
    ...{ name: 'vigil', target: { ...vigil, handler: 'run' }, input: null, at: at() },
    id: undefined,
  }
  const early: Asked = { ...run, name: 'dusk', target: { ...vigil, handler: 'dusk' }, at: at() }
  // What was completed long ago is there as long as the run.
  const late: Asked = { ...run, name: 'see', target: { ...vigil, handler: 'see' }, at: lateMs }
  const dawn: Act = {
    at: lateMs + 10_000,
    what: 'lets there be dawn',
    play: (stage) => isDawn(stage),
  }
  return {
    name: 'hibernators',
    acts: [...[...bears, run, early, late].map(asking), dawn],
    violations(universe) {
      const gave = (one: Asked) => (one.id === undefined ? undefined : gaveBy(universe, one.id))
      const slept = bears.map(gave).toSorted().join()
      return [
        ...(slept === '0,1,2' ? [] : [`INV-7: the bears had slept ${slept}`]),
        ...(gave(run) === 9 ? [] : [`INV-10: the vigil had ${gave(run)}`]),
        ...(gave(late) === 1 ? [] : [`who came late saw ${gave(late)}`]),
      ]
    },
  }
}

async function isDawn({ ask }: Stage): Promise<boolean> {
  const promise = { workflow: 'vigil', key: 'v', name: 'dawn' }
  const outcome = { kind: 'value', value: { json: 9 } } as const
  const answer = await ask(({ ingress }) => ingress.completePromise(promise, outcome, 'dawn'))
  if (answer === undefined) return false
  return 'value' in answer || answer.code === 'promise-completed'
}
