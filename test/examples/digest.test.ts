import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { startInProcess } from '../support/in-process.ts'
import { type Asked, ask, eventually, stubOutside } from './outside-stub.ts'

const comment = (n: number, article: string) => ({
  id: `c${n}`,
  article,
  author: `author of ${article}`,
  by: `reader ${n}`,
})

let handlers: typeof import('../../examples/digest/digest.ts')

beforeAll(async () => {
  // More than a slow machine has between two comments.
  vi.stubEnv('QUIET_MS', '5000')
  handlers = await import('../../examples/digest/digest.ts')
  vi.unstubAllEnvs()
})

async function start() {
  const asked = stubOutside((path) =>
    path === '/top-comments' ? { readers: ['ada', 'grace'], text: 'Fermata' } : {},
  )
  const { comments, search, mailer, digest } = handlers
  const parts = await startInProcess([comments, search, mailer, digest])
  onTestFinished(parts.stop)
  return { ...parts, asked }
}

const bodiesOf = (asked: readonly Asked[], path: string) =>
  asked.filter((one) => one.path === path).map(({ body }) => body)

describe('the digest example', () => {
  test('indexes comments together, and tells each author once when it is quiet', async () => {
    const { url, asked } = await start()
    for (let n = 0; n < 6; n++) {
      const { status } = await ask(
        `${url}/comments/post`,
        'POST',
        comment(n, n < 4 ? 'one' : 'two'),
      )
      expect(status).toBe(204)
    }
    const mails = await eventually(() => {
      const found = bodiesOf(asked, '/mails')
      return found.length >= 2 ? found : undefined
    })
    expect(mails).toContainEqual({
      to: 'author of one',
      text: 'reader 3 was the last to comment on one',
    })
    expect(mails).toContainEqual({
      to: 'author of two',
      text: 'reader 5 was the last to comment on two',
    })
    const indexed = await eventually(() => {
      const batches = bodiesOf(asked, '/index') as { id: string }[][]
      return batches.flat().length === 6 ? batches : undefined
    })
    expect(indexed.flat().map(({ id }) => id)).toEqual(['c0', 'c1', 'c2', 'c3', 'c4', 'c5'])
    // One batch, where all are posted within its two seconds.
    expect(indexed.length).toBeLessThan(6)
  })

  test('has its schedule from the code, and can be given another', async () => {
    const { adminUrl, asked } = await start()
    const { json } = await ask(`${adminUrl}/schedules`, 'GET')
    expect(json).toMatchObject({
      schedules: [{ name: 'digest/daily', cron: '0 7 * * 1-5', timezone: 'Europe/Berlin' }],
    })
    const often = { target: 'digest/daily', every: '1s' }
    const put = await ask(`${adminUrl}/schedules/often`, 'PUT', often)
    expect(put).toMatchObject({ status: 200, json: { ...often, every: 1_000, status: 'active' } })

    const mails = await eventually(() => {
      const found = bodiesOf(asked, '/mails')
      return found.length >= 2 ? found : undefined
    })
    expect(mails.slice(0, 2)).toContainEqual({ to: 'ada', text: 'Fermata' })
    expect(mails.slice(0, 2)).toContainEqual({ to: 'grace', text: 'Fermata' })
  })
})
