import { service } from '@fermata/lambda-runtime'
import { connect } from '@fermata/lambda-runtime/client'
import { expect, it, onTestFinished } from 'vitest'
import { startInProcess } from '../../support/in-process.ts'

const leaf = service('leaf', { double: (_, n: number) => 2 * n })
const numbers = Array.from({ length: 100 }, (_, n) => n)
const root = service('root', {
  all: (ctx) => ctx.map(numbers, (n) => ctx.call(leaf).double(n)),
  some: (ctx) => ctx.map(numbers, (n) => ctx.call(leaf).double(n), { tolerance: '5%' }),
  few: (ctx) => ctx.map(numbers.slice(0, 6), (n) => ctx.call(leaf).double(n), { concurrency: 2 }),
})

it.each<['all' | 'some' | 'few', number, number]>([
  ['all', 100, 2],
  ['some', 100, 2],
  // At the most: one attempt to begin with, one for each that ends before the last two begin, one for those.
  ['few', 6, 6],
])('%s wakes at most so often', async (handler, count, mostAttempts) => {
  const system = await startInProcess([root, leaf])
  onTestFinished(() => system.stop())
  const sent = await connect(system.url).send(root)[handler]()
  expect(await sent.attach()).toHaveLength(count)
  const answer = await fetch(`${system.adminUrl}/invocations/${sent.invocationId}`)
  const { attempts } = (await answer.json()) as { attempts: number }
  expect(attempts).toBeLessThanOrEqual(mostAttempts)
})
