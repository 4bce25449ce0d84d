import { setImmediate as nextTurn } from 'node:timers/promises'
import type { NewItem, PutResult } from '@fermata/orchestrator/adapters/dynamodb/batch-writer'
import { GroupCommit } from '@fermata/orchestrator/adapters/dynamodb/group-commit'
import { expect, test } from 'vitest'

type Request = {
  readonly keys: readonly string[]
  answer(result?: (key: string) => PutResult): Promise<void>
}

/** A table that answers when it is told to, and timers that ring when they are told to. */
function createScene({ eager = 2, maxInFlight = 2, batching = true } = {}) {
  const requests: Request[] = []
  const timers: { readonly ms: number; fn(): void }[] = []
  const write = (items: readonly NewItem[]) => {
    const { promise, resolve } = Promise.withResolvers<readonly PutResult[]>()
    const keys = items.map(keyOf)
    requests.push({
      keys,
      async answer(result = () => ({ kind: 'stored' })) {
        resolve(keys.map(result))
        // One turn for the answer, one for what it lets go.
        await nextTurn()
        await nextTurn()
      },
    })
    return promise
  }
  const commit = new GroupCommit({
    write,
    clock: {
      timer(ms, fn) {
        const timer = { ms, fn }
        timers.push(timer)
        return () => {
          timer.fn = () => undefined
        }
      },
    },
    batching: () => batching,
    eager,
    lingerMs: 5,
    maxInFlight,
  })
  const put = (key: string, bytes = 10) =>
    commit.put({
      family: 'journal',
      item: { pk: { S: 'J' }, sk: { S: key }, entries: { S: 'x'.repeat(bytes) } },
    })
  return { commit, requests, timers, put }
}

function keyOf({ item }: NewItem): string {
  const { sk } = item
  return sk !== undefined && 'S' in sk ? sk.S : ''
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => String(i))

test('puts of one turn go in one request, in their order, at most 25', async () => {
  const { requests, put } = createScene()
  for (const key of numbers(30)) void put(key)
  expect(requests).toEqual([])
  await nextTurn()

  expect(requests.map(({ keys }) => keys)).toEqual([numbers(25), ['25', '26', '27', '28', '29']])
})

test('each put gets its own answer', async () => {
  const { requests, put } = createScene()
  const answers = Promise.allSettled(['stored', 'clash', 'failed'].map((key) => put(key)))
  await nextTurn()
  const error = new Error('refused')
  await requests[0]?.answer((key) =>
    key === 'clash'
      ? { kind: 'clash', standing: undefined }
      : key === 'failed'
        ? { kind: 'failed', error }
        : { kind: 'stored' },
  )

  expect(await answers).toEqual([
    { status: 'fulfilled', value: { kind: 'stored' } },
    { status: 'fulfilled', value: { kind: 'clash', standing: undefined } },
    { status: 'rejected', reason: error },
  ])
})

test('puts gather while all requests are under way', async () => {
  const { requests, put } = createScene({ maxInFlight: 1 })
  void put('first')
  await nextTurn()
  for (const key of numbers(3)) {
    void put(key)
    await nextTurn()
  }
  expect(requests.map(({ keys }) => keys)).toEqual([['first']])
  await requests[0]?.answer()

  expect(requests.map(({ keys }) => keys)).toEqual([['first'], numbers(3)])
})

test('two puts for one key never share a request', async () => {
  const { requests, put } = createScene({ maxInFlight: 5 })
  for (const key of ['a', 'b', 'a', 'a', 'c']) void put(key)
  await nextTurn()

  expect(requests.map(({ keys }) => keys)).toEqual([['a', 'b', 'c'], ['a'], ['a']])
})

test('a request carries no more than a megabyte, unless it is one item', async () => {
  const { requests, put } = createScene({ maxInFlight: 5 })
  for (const key of ['a', 'b', 'c']) void put(key, 390_000)
  void put('small')
  await nextTurn()

  expect(requests.map(({ keys }) => keys)).toEqual([['a', 'b', 'small'], ['c']])
})

test('a throttled put is tried again, later each time, while the others are done', async () => {
  const { requests, timers, put } = createScene()
  const done = put('a')
  const throttled = put('b')
  await nextTurn()
  const error = new Error('slow down')
  await requests[0]?.answer((key) =>
    key === 'b' ? { kind: 'throttled', error } : { kind: 'stored' },
  )

  expect(await done).toEqual({ kind: 'stored' })
  timers[0]?.fn()
  await nextTurn()
  expect(requests[1]?.keys).toEqual(['b'])
  await requests[1]?.answer(() => ({ kind: 'throttled', error }))
  expect(timers[1]?.ms).toBeGreaterThan(timers[0]?.ms ?? 0)
  timers[1]?.fn()
  await nextTurn()
  await requests[2]?.answer()
  expect(await throttled).toEqual({ kind: 'stored' })
})

test('a put that stays throttled fails in the end', async () => {
  const { requests, timers, put } = createScene()
  const answer = put('a').catch((error: Error) => error.message)
  await nextTurn()
  const error = new Error('slow down')
  for (let i = 0; i < 8; i++) {
    await requests[i]?.answer(() => ({ kind: 'throttled', error }))
    timers[i]?.fn()
    await nextTurn()
  }

  expect(await answer).toBe('slow down')
  expect(requests).toHaveLength(8)
})

test('a put does not wait while few requests are under way', async () => {
  const { requests, timers, put } = createScene({ eager: 2, maxInFlight: 9 })
  for (const key of ['a', 'b']) {
    void put(key)
    await nextTurn()
  }

  expect(requests.map(({ keys }) => keys)).toEqual([['a'], ['b']])
  expect(timers).toEqual([])
})

test('puts wait for company beside more requests, but not for slow ones', async () => {
  const { requests, timers, put } = createScene({ eager: 1, maxInFlight: 9 })
  for (const key of ['slow', 'a', 'b']) {
    void put(key)
    await nextTurn()
  }
  expect(requests.map(({ keys }) => keys)).toEqual([['slow']])
  expect(timers.map(({ ms }) => ms)).toEqual([5])
  timers[0]?.fn()
  expect(requests.map(({ keys }) => keys)).toEqual([['slow'], ['a', 'b']])

  void put('c')
  await nextTurn()
  expect(requests).toHaveLength(2)
  timers[1]?.fn()
  expect(requests.map(({ keys }) => keys)).toEqual([['slow'], ['a', 'b'], ['c']])
})

test('what waits for company goes as soon as an answer makes room', async () => {
  const { requests, timers, put } = createScene({ eager: 1, maxInFlight: 9 })
  for (const key of ['first', 'a']) {
    void put(key)
    await nextTurn()
  }
  await requests[0]?.answer()
  expect(requests.map(({ keys }) => keys)).toEqual([['first'], ['a']])

  void put('b')
  await nextTurn()
  timers[0]?.fn()
  expect(requests).toHaveLength(2)
})

test('a full batch does not wait', async () => {
  const { requests, put } = createScene({ eager: 1, maxInFlight: 9 })
  void put('first')
  await nextTurn()
  for (const key of numbers(27)) void put(key)
  await nextTurn()

  expect(requests.map(({ keys }) => keys)).toEqual([['first'], numbers(25)])
})

test('many megabytes do not wait for more', async () => {
  const { requests, put } = createScene({ eager: 1, maxInFlight: 9 })
  void put('first')
  await nextTurn()
  for (const key of ['a', 'b', 'c']) void put(key, 390_000)
  await nextTurn()

  expect(requests.map(({ keys }) => keys)).toEqual([['first'], ['a', 'b']])
})

test('puts that lingered in vain go with the next answer', async () => {
  const { requests, timers, put } = createScene({ eager: 1, maxInFlight: 2 })
  for (const key of ['first', 'a']) {
    void put(key)
    await nextTurn()
  }
  timers[0]?.fn()
  void put('b')
  await nextTurn()
  expect(requests.map(({ keys }) => keys)).toEqual([['first'], ['a']])
  timers[1]?.fn()
  expect(requests).toHaveLength(2)
  await requests[1]?.answer()

  expect(requests.map(({ keys }) => keys)).toEqual([['first'], ['a'], ['b']])
})

test('each put goes alone where the table knows no batches', async () => {
  const { requests, put } = createScene({ batching: false })
  const answers = numbers(200).map((key) => put(key))
  await nextTurn()
  expect(requests.map(({ keys }) => keys)).toEqual(numbers(100).map((key) => [key]))
  for (let i = 0; i < 200; i++) await requests[i]?.answer()

  expect(await Promise.all(answers)).toHaveLength(200)
})

test('drained waits for every answer, and for none when nothing is open', async () => {
  const { commit, requests, put } = createScene()
  await commit.drained()
  let drained = false
  void put('a')
  const waiting = commit.drained().then(() => {
    drained = true
  })
  await nextTurn()
  expect(drained).toBe(false)
  await requests[0]?.answer()
  await waiting

  expect(drained).toBe(true)
})
