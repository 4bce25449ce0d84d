import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { nextStart, setUp, temporaryDirectory } from './set-up.ts'

async function pathIn(name: string): Promise<string> {
  return join(await temporaryDirectory(), name)
}

describe('kill', () => {
  test('ends a worker in mid-run, and the next call meets a new one', async () => {
    const { deploy, invoke, emulator } = await setUp()
    const arn = deploy('waitForFile')
    const path = await pathIn('gate')
    const started = nextStart(emulator)
    const reply = invoke(arn, { path })
    await started

    const killed = emulator.kill('f')

    expect(killed).toEqual([expect.objectContaining({ functionName: 'f', version: '1' })])
    expect(await reply).toMatchObject({
      status: 200,
      functionError: 'Unhandled',
      body: {
        errorType: 'Runtime.ExitError',
        errorMessage: expect.stringContaining('signal: killed'),
      },
    })
    await writeFile(path, 'opened')
    expect((await invoke(arn, { path })).body).toBe('opened')
  })

  test('picks the run that it is told to', async () => {
    const { deploy, invoke, emulator } = await setUp()
    const arn = deploy('waitForFile')
    const [kept, doomed] = [await pathIn('kept'), await pathIn('doomed')]
    const first = invoke(arn, { path: kept })
    const second = invoke(arn, { path: doomed })
    while (emulator.running().length < 2) await nextStart(emulator)

    const killed = emulator.kill('f', ({ payload }) => payload.includes('doomed'))

    expect(killed).toHaveLength(1)
    expect((await second).functionError).toBe('Unhandled')
    await writeFile(kept, 'opened')
    expect((await first).body).toBe('opened')
  })

  test('does nothing where nothing runs', async () => {
    const { deploy, emulator } = await setUp()
    deploy('echo')

    expect(emulator.kill('f', 'all')).toEqual([])
    expect(() => emulator.kill('nobody')).not.toThrow()
  })
})

describe('freeze', () => {
  test('makes a zombie that goes on when it is thawed, though its caller is gone', async () => {
    const { deploy, invoke, emulator } = await setUp()
    const arn = deploy('waitForFile')
    const path = await pathIn('gate')
    const started = nextStart(emulator)
    const reply = invoke(arn, { path }).catch((error: Error) => error)
    await started
    const ended = vi.fn()
    emulator.events.on('invokeEnded', ended)

    const [frozen] = emulator.freeze('f')
    emulator.disconnect('f')
    expect(await reply).toBeInstanceOf(Error)
    await writeFile(path, 'opened')
    const taken = await invoke(arn, { path })

    expect(taken.body).toBe('opened')
    expect(emulator.running()).toEqual([frozen])
    expect(ended).toHaveBeenCalledTimes(1)
    const zombieEnded = new Promise((resolve) => emulator.events.once('invokeEnded', resolve))
    emulator.thaw('f')
    expect(await zombieEnded).toMatchObject({
      invoke: frozen,
      outcome: { kind: 'returned', payload: '"opened"' },
    })
  })

  test('does not stop the function’s deadline', async () => {
    const { deploy, invoke, emulator } = await setUp()
    const arn = deploy('waitForFile', { timeoutMs: 400 })
    const started = nextStart(emulator)
    const reply = invoke(arn, { path: await pathIn('gate') })
    await started

    emulator.freeze('f')

    expect((await reply).body).toMatchObject({ errorType: 'Sandbox.Timedout' })
  })
})

describe('a fault', () => {
  test('throttles the next calls, as many as it is told to', async () => {
    const { deploy, invoke, emulator } = await setUp()
    const arn = deploy('echo')
    const throttled = vi.fn()
    emulator.events.on('throttled', throttled)

    emulator.injectFault('f', { kind: 'throttle', retryAfterSeconds: 4 }, 2)

    const refused = { name: 'TooManyRequestsException', retryAfterSeconds: '4' }
    await expect(invoke(arn)).rejects.toMatchObject(refused)
    await expect(invoke(arn)).rejects.toMatchObject(refused)
    expect((await invoke(arn, 1)).body).toBe(1)
    expect(throttled).toHaveBeenCalledTimes(2)
  })

  test('answers 500 without running the handler', async () => {
    const { deploy, invoke, emulator } = await setUp()
    const arn = deploy('echo')

    emulator.injectFault('f', { kind: 'service-error' })

    await expect(invoke(arn)).rejects.toMatchObject({
      name: 'ServiceException',
      $metadata: { httpStatusCode: 500 },
    })
    expect(emulator.statistics('f').invocations).toBe(0)
  })

  test('drops a request before the handler runs', async () => {
    const { deploy, invoke, emulator } = await setUp()
    const arn = deploy('echo')

    emulator.injectFault('f', { kind: 'drop-request' })

    await expect(invoke(arn)).rejects.toThrow()
    expect(emulator.statistics('f').invocations).toBe(0)
  })

  test('drops a reply after the handler has run', async () => {
    const { deploy, invoke, emulator } = await setUp()
    const arn = deploy('leaveMark')
    const path = await pathIn('mark')

    emulator.injectFault('f', { kind: 'drop-reply' })

    await expect(invoke(arn, { path })).rejects.toThrow()
    expect(existsSync(path)).toBe(true)
    expect(emulator.statistics('f')).toMatchObject({ invocations: 1, functionErrors: 0 })
  })

  test('holds a reply back until it may leave', async () => {
    const { deploy, invoke, emulator } = await setUp()
    const arn = deploy('echo')
    const release = Promise.withResolvers<void>()
    const ended = new Promise((resolve) => emulator.events.once('invokeEnded', resolve))

    emulator.injectFault('f', { kind: 'hold-reply', until: release.promise })
    const order: string[] = []
    const reply = invoke(arn, 'late').then(({ body }) => order.push(String(body)))
    await ended
    await invoke(arn, 'other').then(({ body }) => order.push(String(body)))
    release.resolve()
    await reply

    expect(order).toEqual(['other', 'late'])
  })

  test.each(['first', 'second'] as const)('delivers twice and answers the %s', async (reply) => {
    const { deploy, invoke, emulator } = await setUp()
    const arn = deploy('whoami')
    const pids: (number | undefined)[] = []
    emulator.events.on('invokeStarted', ({ pid }) => pids.push(pid))
    // So that the two start in the order in which they were delivered.
    await emulator.warm('f', 2)

    emulator.injectFault('f', { kind: 'twin', reply })
    const { body } = await invoke(arn, {})

    expect(new Set(pids).size).toBe(2)
    expect(body).toEqual({ pid: pids[reply === 'first' ? 0 : 1], served: 1 })
    expect((await invoke(arn, {})).body).toMatchObject({ served: 2 })
  })

  test('waits for the call that it is meant for', async () => {
    const { deploy, invoke, emulator } = await setUp()
    const arn = deploy('echo')

    emulator.injectFault('f', { kind: 'throttle', when: (payload) => payload.includes('bad') })

    expect((await invoke(arn, 'good')).body).toBe('good')
    await expect(invoke(arn, 'bad')).rejects.toMatchObject({ name: 'TooManyRequestsException' })
    expect((await invoke(arn, 'bad')).body).toBe('bad')
  })
})

describe('disconnect', () => {
  test('cuts the caller off while the handler goes on to its end', async () => {
    const { deploy, invoke, emulator } = await setUp()
    const arn = deploy('waitForFile')
    const path = await pathIn('gate')
    const started = nextStart(emulator)
    const reply = invoke(arn, { path })
    await started
    const ended = new Promise((resolve) => emulator.events.once('invokeEnded', resolve))

    emulator.disconnect('f', 'newest')

    await expect(reply).rejects.toThrow()
    await writeFile(path, 'opened')
    expect(await ended).toMatchObject({ outcome: { kind: 'returned' } })
    expect(await readFile(path, 'utf8')).toBe('opened')
  })
})
