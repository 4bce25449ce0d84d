import { once } from 'node:events'
import { createServer } from 'node:net'
import { createLambdaInvoker } from '@fermata/orchestrator/adapters/lambda/lambda-invoker'
import { describe, expect, it } from 'vitest'
import { createLambdaEmulator } from '../../emulator/lambda-emulator.ts'
import { requestFor } from './fixtures/requests.ts'
import { type InvokerRig, invokerContract } from './invoker-contract.ts'

const entry = new URL('./fixtures/scripted-function.ts', import.meta.url)
const credentials = { accessKeyId: 'fake', secretAccessKey: 'fake' }
const never = new AbortController().signal

async function createRig(): Promise<InvokerRig & { readonly sent: number[] }> {
  const emulator = await createLambdaEmulator({ retryAfterSeconds: 0 })
  const sent: number[] = []
  const invoker = createLambdaInvoker({
    endpoint: emulator.endpoint,
    credentials,
    onSent: (bytes) => sent.push(bytes),
  })
  const name = 'scripted'
  const scripted = emulator.deploy({ name, entry, timeoutMs: 30_000 })
  const entered = once(emulator.events, 'invokeStarted')
  return {
    invoker,
    sent,
    scripted,
    impatient: emulator.deploy({ name: 'impatient', entry, timeoutMs: 300 }),
    stranger: emulator.deploy({ name: 'stranger', entry, export: 'stranger' }),
    broken: emulator.deploy({ name: 'broken', entry, export: 'broken' }),
    missing: scripted.replace('scripted', 'missing'),
    throttleNext: (retryAfterSeconds) =>
      emulator.injectFault(name, {
        kind: 'throttle',
        ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
      }),
    dropNext: (what) => emulator.injectFault(name, { kind: `drop-${what}` }),
    starts: () => emulator.statistics(name).invocations,
    running: async () => void (await entered),
    close: () => emulator.close(),
  }
}

invokerContract('the Lambda invoker', createRig)

describe('the Lambda invoker alone', () => {
  it('counts the bytes that it sends', async () => {
    const rig = await createRig()
    const request = requestFor('complete')
    await rig.invoker.invoke(rig.scripted, request, never)
    await rig.invoker.invoke(rig.scripted, requestFor('complete', 6_291_456), never)
    expect(rig.sent).toEqual([Buffer.byteLength(JSON.stringify(request))])
    await rig.close()
  })

  it('leaves an ambiguous 500 to whoever knows the journal', async () => {
    const emulator = await createLambdaEmulator()
    const arn = emulator.deploy({ name: 'scripted', entry })
    emulator.injectFault('scripted', { kind: 'service-error' })
    const invoker = createLambdaInvoker({ endpoint: emulator.endpoint, credentials })
    const outcome = await invoker.invoke(arn, requestFor('complete'), never)
    expect(outcome).toMatchObject({ kind: 'lost', failure: { code: 'invoke-lost' } })
    expect(emulator.statistics('scripted').invocations).toBe(0)
    await emulator.close()
  })

  it('tells a function that was killed in mid-run', async () => {
    const emulator = await createLambdaEmulator()
    const arn = emulator.deploy({ name: 'scripted', entry, timeoutMs: 30_000 })
    const invoker = createLambdaInvoker({ endpoint: emulator.endpoint, credentials })
    const entered = once(emulator.events, 'invokeStarted')
    const outcome = invoker.invoke(arn, requestFor('hang'), never)
    await entered
    emulator.kill('scripted')
    expect(await outcome).toMatchObject({
      kind: 'failed',
      failure: { code: 'function-failed', name: 'Runtime.ExitError' },
    })
    await emulator.close()
  })

  it('is rejected where nobody listens', async () => {
    const invoker = createLambdaInvoker({ endpoint: await deadEndpoint(), credentials })
    const arn = 'arn:aws:lambda:eu-west-1:000000000000:function:f:1'
    expect(await invoker.invoke(arn, requestFor('complete'), never)).toMatchObject({
      kind: 'rejected',
      failure: {
        code: 'deployment-unreachable',
        message: expect.stringContaining('Nothing listens at the endpoint of Lambda'),
      },
    })
    await expect(invoker.discover(arn)).rejects.toMatchObject({ code: 'deployment-unreachable' })
  })

  it.each([
    'f',
    'arn:aws:lambda:eu-west-1:000000000000:function:f',
    'arn:aws:lambda:eu-west-1:000000000000:function:f:$LATEST',
  ])('refuses %s, which is no published version', async (address) => {
    const invoker = createLambdaInvoker({ credentials })
    expect(await invoker.invoke(address, requestFor('complete'), never)).toMatchObject({
      kind: 'rejected',
      failure: { code: 'deployment-invalid' },
    })
    await expect(invoker.discover(address)).rejects.toMatchObject({ code: 'deployment-invalid' })
  })

  it('runs more handlers at once than the client would by itself', async () => {
    const emulator = await createLambdaEmulator({ isolation: 'inline' })
    const arn = emulator.deploy({ name: 'scripted', entry, timeoutMs: 60_000 })
    const invoker = createLambdaInvoker({ endpoint: emulator.endpoint, credentials })
    const all = Promise.withResolvers<void>()
    emulator.events.on('invokeStarted', () => {
      if (emulator.statistics('scripted').concurrent === 120) all.resolve()
    })
    const abort = new AbortController()
    const outcomes = Array.from({ length: 120 }, () =>
      invoker.invoke(arn, requestFor('hang'), abort.signal),
    )
    await all.promise
    abort.abort()
    const ended = await Promise.all(outcomes)
    expect(new Set(ended.map(({ kind }) => kind))).toEqual(new Set(['lost']))
    await emulator.close()
  })
})

/** Where somebody listened a moment ago. */
async function deadEndpoint(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return `http://127.0.0.1:${address.port}`
}
