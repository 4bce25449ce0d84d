/** A service whose function is at its limit keeps nobody else's requests out (INV-11). */
import { expect, it } from 'vitest'
import { refusal } from './control-scenes.ts'
import { during, never, submission, worldOf } from './scenes.ts'
import { completed, scripted } from './world.ts'

it('beyond what may wait for one service, others are still accepted', async () => {
  const world = worldOf({ slow: () => never })
  const other = 'arn:aws:lambda:eu-west-1:000000000000:function:g:1'
  world.functions.set(other, scripted({ fast: () => ({ status: completed('done') }) }))
  const limits = { running: 100, perFunction: 1, queued: 3 }
  const { engine } = await world.start({ options: { limits } })
  const submit = (service: string) =>
    during(world, refusal(engine.ingress.submit(submission(service))))
  for (let n = 0; n < 4; n++) expect(await submit('slow')).toBeUndefined()
  expect(await submit('slow')).toBe('overloaded')
  expect(await submit('fast')).toBeUndefined()
})
