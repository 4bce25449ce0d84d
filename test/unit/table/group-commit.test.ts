import { setImmediate as nextTurn } from 'node:timers/promises'
import type { NewItem, PutResult } from '@fermata/orchestrator/adapters/dynamodb/batch-writer'
import { GroupCommit } from '@fermata/orchestrator/adapters/dynamodb/group-commit'
import { expect, test } from 'vitest'

type Request = {
  readonly keys: readonly string[]
  answer(result?: (key: string) => PutResult): Promise<void>
}

/** A table that answers when it is told to, and timers that ring when they are told to. */
function createScene(options: { lingerMs?: number; maxInFlight?: number } = {}) {
  const requests: Request[] = []
  const timers: { readonly ms: number; readonly fn: () => void }[] = []
  const write = (items: readonly NewItem[]) => {
    const { promise, resolve } = Promise.withResolvers<readonly PutResult[]>()
    const keys = items.map(keyOf)
    requests.push({
      keys,
      async answer(result = () => ({ kind: 'stored' })) {
        resolve(keys.map(result))
        await nextTurn()
      },
    })
    return promise
  }
  const commit = new GroupCommit({
    write,
    clock: {
      timer(ms, fn) {
        timers.push({ ms, fn })
        return () => undefined
      },
    },
    lingerMs: options.lingerMs ?? 0,
    maxInFlight: options.maxInFlight ?? 2,
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
  expect(requests[1]?.keys).toEqual(['b'])
  await requests[1]?.answer(() => ({ kind: 'throttled', error }))
  expect(timers[1]?.ms).toBeGreaterThan(timers[0]?.ms ?? 0)
  timers[1]?.fn()
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
  }

  expect(await answer).toBe('slow down')
  expect(requests).toHaveLength(8)
})

test('puts wait for company as long as they are told to', async () => {
  const { requests, timers, put } = createScene({ lingerMs: 5 })
  void put('a')
  await nextTurn()
  void put('b')
  await nextTurn()
  expect(requests).toEqual([])
  expect(timers.map(({ ms }) => ms)).toEqual([5])
  timers[0]?.fn()

  expect(requests.map(({ keys }) => keys)).toEqual([['a', 'b']])
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
