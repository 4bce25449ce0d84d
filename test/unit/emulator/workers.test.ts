import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { LambdaEmulator } from '../../emulator/lambda-emulator.ts'
import { nextStart, setUp, temporaryDirectory } from './set-up.ts'

/** Waits until so many handlers run at once. */
async function untilRunning(emulator: LambdaEmulator, count: number): Promise<void> {
  while (emulator.running().length < count) await nextStart(emulator)
}

interface Gate {
  readonly event: { readonly path: string }
  open(): Promise<void>
}

/** For the fixture `waitForFile`: it runs until the gate is opened. */
async function gate(): Promise<Gate> {
  const path = join(await temporaryDirectory(), 'gate')
  return { event: { path }, open: () => writeFile(path, 'opened') }
}

describe('worker processes', () => {
  test('are reused while warm', async () => {
    const { deploy, invoke, emulator } = await setUp()
    const arn = deploy('whoami')

    const first = await invoke(arn)
    const second = await invoke(arn)

    expect(first.body).toEqual({ pid: expect.any(Number), served: 1 })
    expect(second.body).toEqual({ ...(first.body as object), served: 2 })
    expect(emulator.statistics('f')).toMatchObject({ invocations: 2, coldStarts: 1 })
  })

  test('serve one request at a time: concurrency grows the pool', async () => {
    const { deploy, invoke, emulator } = await setUp()
    const arn = deploy('waitForFile')
    const { event, open } = await gate()

    const replies = [invoke(arn, event), invoke(arn, event), invoke(arn, event)]
    await untilRunning(emulator, 3)
    const pids = new Set(emulator.running('f').map(({ pid }) => pid))
    const inHand = emulator.statistics('f')
    await open()
    await Promise.all(replies)

    expect(pids.size).toBe(3)
    expect(inHand).toMatchObject({ concurrent: 3, peakConcurrent: 3, coldStarts: 3 })
    expect(emulator.statistics('f')).toMatchObject({ concurrent: 0, peakConcurrent: 3 })
  })

  test('serve several at a time where the deploy says so', async () => {
    const { deploy, invoke, emulator } = await setUp()
    const arn = deploy('waitForFile', { concurrentPerProcess: 50 })
    const { event, open } = await gate()

    const replies = Array.from({ length: 100 }, () => invoke(arn, event))
    await untilRunning(emulator, 100)
    const pids = new Set(emulator.running().map(({ pid }) => pid))
    await open()
    await Promise.all(replies)

    expect(pids.size).toBe(2)
    expect(emulator.statistics('f')).toMatchObject({ coldStarts: 2, peakConcurrent: 100 })
  })

  test('of two versions are different processes', async () => {
    const { deploy, invoke } = await setUp()
    const one = await invoke(deploy('whoami'))
    const two = await invoke(deploy('whoami'))

    expect(two.body).toMatchObject({ served: 1 })
    expect(one.body).not.toEqual(two.body)
  })

  test('start as slowly as they are told to', async () => {
    const { deploy, invoke, emulator } = await setUp({ coldStartMs: 700 })
    const arn = deploy('echo')
    const startedAt = performance.now()

    await invoke(arn)
    const took = performance.now() - startedAt
    await invoke(arn)

    expect(took).toBeGreaterThanOrEqual(699)
    expect(emulator.statistics('f')).toMatchObject({ invocations: 2, coldStarts: 1 })
  })

  test('can be started ahead, and retired when idle', async () => {
    const { deploy, invoke, emulator } = await setUp()
    const arn = deploy('whoami')

    await emulator.warm('f', 2)
    const warmed = emulator.statistics('f').coldStarts
    const before = await invoke(arn)
    await emulator.retireIdle('f')
    const after = await invoke(arn)

    expect(warmed).toBe(2)
    expect(after.body).toMatchObject({ served: 1 })
    expect(after.body).not.toEqual(before.body)
  })

  test('end with the emulator, whatever they were doing', async () => {
    const { deploy, invoke, emulator } = await setUp()
    const arn = deploy('waitForFile')
    const reply = invoke(arn, (await gate()).event).catch((error: Error) => error)
    await untilRunning(emulator, 1)
    emulator.freeze('f')
    const [running] = emulator.running()

    await emulator.close()

    expect(await reply).toBeInstanceOf(Error)
    expect(() => process.kill(running?.pid ?? 0, 0)).toThrow('ESRCH')
  })
})

describe('a timeout', () => {
  test('ends the process and says so', async () => {
    const { deploy, invoke, emulator } = await setUp()
    const arn = deploy('waitForFile', { timeoutMs: 500 })

    const reply = await invoke(arn, (await gate()).event)
    const { open, event } = await gate()
    await open()
    const next = await invoke(arn, event)

    expect(reply).toMatchObject({
      status: 200,
      functionError: 'Unhandled',
      body: {
        errorType: 'Sandbox.Timedout',
        errorMessage: expect.stringMatching(/Task timed out after 0\.50 seconds$/),
      },
    })
    expect(next.body).toBe('opened')
    expect(emulator.statistics('f').coldStarts).toBe(2)
  })

  test('does not count the cold start', async () => {
    const { deploy, invoke } = await setUp()
    const arn = deploy('echo', { timeoutMs: 800, coldStartMs: 900 })

    expect((await invoke(arn, 'in time')).body).toBe('in time')
  })
})

describe('a concurrency limit', () => {
  test('of the function throttles the call that exceeds it', async () => {
    const { deploy, invoke, emulator } = await setUp()
    const arn = deploy('waitForFile', { concurrency: 1 })
    const otherVersion = deploy('echo')
    const { event, open } = await gate()
    const running = invoke(arn, event)
    await untilRunning(emulator, 1)

    const refused = invoke(otherVersion, event)

    await expect(refused).rejects.toMatchObject({
      name: 'TooManyRequestsException',
      Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
      retryAfterSeconds: '1',
      $metadata: { httpStatusCode: 429 },
    })
    expect(emulator.statistics('f')).toMatchObject({ throttles: 1, invocations: 1 })
    await open()
    expect((await running).body).toBe('opened')
    expect((await invoke(otherVersion, 'room again')).body).toBe('room again')
  })

  test('of the account throttles too', async () => {
    const { deploy, invoke, emulator } = await setUp({
      accountConcurrency: 1,
      retryAfterSeconds: 0,
    })
    const slow = deploy('waitForFile')
    const other = deploy('echo', { name: 'other' })
    const { event, open } = await gate()
    const running = invoke(slow, event)
    await untilRunning(emulator, 1)

    const error = await invoke(other).catch((thrown: unknown) => thrown)

    expect(error).toMatchObject({ Reason: 'ConcurrentInvocationLimitExceeded' })
    expect(error).not.toHaveProperty('retryAfterSeconds', '1')
    await open()
    await running
  })

  test('can be changed, and makes asynchronous invokes wait instead', async () => {
    const { deploy, invoke, emulator } = await setUp()
    const arn = deploy('echo', { concurrency: 0 })
    const started = nextStart(emulator)

    await expect(invoke(arn)).rejects.toMatchObject({ name: 'TooManyRequestsException' })
    expect((await invoke(arn, {}, { InvocationType: 'Event' })).status).toBe(202)
    expect(emulator.statistics('f').invocations).toBe(0)
    emulator.setConcurrency('f', 1)
    await started

    expect(emulator.statistics('f').invocations).toBe(1)
  })
})

describe('inline isolation', () => {
  test('runs handlers in this process', async () => {
    const { deploy, invoke, emulator } = await setUp({ isolation: 'inline' })

    const { body } = await invoke(deploy('whoami'))

    expect(body).toMatchObject({ pid: process.pid })
    expect(emulator.statistics('f')).toMatchObject({ invocations: 1, coldStarts: 1 })
  })

  test('still times out, fails and limits', async () => {
    const { deploy, invoke, emulator } = await setUp({ isolation: 'inline' })
    const slow = deploy('waitForFile', { timeoutMs: 50 })
    const failing = deploy('fail')
    const { event, open } = await gate()

    expect((await invoke(slow, event)).body).toMatchObject({ errorType: 'Sandbox.Timedout' })
    expect((await invoke(failing)).body).toMatchObject({ errorType: 'RangeError' })
    emulator.setConcurrency('f', 0)
    await expect(invoke(failing)).rejects.toMatchObject({ name: 'TooManyRequestsException' })
    await open()
  })

  test('cannot be killed', async () => {
    const { deploy, invoke, emulator } = await setUp({ isolation: 'inline' })
    const arn = deploy('waitForFile')
    const { event, open } = await gate()
    const running = invoke(arn, event)
    await untilRunning(emulator, 1)

    expect(() => emulator.kill('f')).toThrow(`only functions with isolation 'process'`)
    await open()
    expect((await running).body).toBe('opened')
  })
})

describe('statistics', () => {
  test('count bytes both ways, and start afresh when asked', async () => {
    const { deploy, invoke, emulator } = await setUp()
    const arn = deploy('echo')
    await invoke(arn, 'öl')

    const counted = emulator.statistics('f')
    emulator.resetStatistics('f')

    expect(counted).toMatchObject({ bytesIn: 5, bytesOut: 5, invocations: 1 })
    expect(emulator.statistics('f')).toMatchObject({ bytesIn: 0, bytesOut: 0, invocations: 0 })
  })
})
