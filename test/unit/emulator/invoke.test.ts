import { describe, expect, test } from 'vitest'
import { maxRequestBytes, maxResponseBytes } from '../../emulator/limits.ts'
import { setUp, writeModule } from './set-up.ts'

describe('an invoke', () => {
  test('answers what the handler returned, with the version that ran', async () => {
    const { deploy, invoke } = await setUp()
    const arn = deploy('echo', { version: '7' })

    const reply = await invoke(arn, { order: 'ö-1', lines: [1, null] })

    expect(arn).toBe('arn:aws:lambda:eu-west-1:000000000000:function:f:7')
    expect(reply).toEqual({
      status: 200,
      version: '7',
      functionError: undefined,
      body: { order: 'ö-1', lines: [1, null] },
    })
  })

  test('without a body hands the handler an empty object', async () => {
    const { deploy, invoke } = await setUp()

    expect((await invoke(deploy('echo'))).body).toEqual({})
  })

  test('answers null where the handler returns nothing', async () => {
    const { deploy, invoke } = await setUp()

    expect((await invoke(deploy('nothing'))).body).toBeNull()
  })

  test('reaches the version that it names, or else the newest', async () => {
    const { deploy, invoke } = await setUp()
    const first = deploy('echo')
    const second = deploy('nothing')

    expect(first).toMatch(/:f:1$/)
    expect(second).toMatch(/:f:2$/)
    expect((await invoke(first)).version).toBe('1')
    expect((await invoke('f', {}, { Qualifier: '1' })).version).toBe('1')
    expect((await invoke('f:1')).version).toBe('1')
    expect((await invoke('f')).version).toBe('2')
    expect((await invoke('000000000000:function:f', {}, { Qualifier: '$LATEST' })).version).toBe(
      '2',
    )
  })

  test('gives the handler a context of its own', async () => {
    const { deploy, invoke } = await setUp()
    const arn = deploy('describeContext', { timeoutMs: 20_000, memoryMb: 512 })

    const { body } = await invoke(arn)

    expect(body).toMatchObject({
      functionName: 'f',
      functionVersion: '1',
      invokedFunctionArn: arn,
      memoryLimitInMB: '512',
      awsRequestId: expect.stringMatching(/^[\da-f-]{36}$/),
      remaining: expect.toSatisfy((left: number) => left > 10_000 && left <= 20_000),
    })
  })

  test('shows the handler Lambda’s environment and what it was deployed with', async () => {
    const { deploy, invoke } = await setUp({ environment: { STAGE: 'test', TABLE: 'old' } })
    const environment = { TABLE: 'new', AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:8000' }
    const arn = deploy('readEnvironment', { environment })

    const names = ['AWS_REGION', 'AWS_LAMBDA_FUNCTION_NAME', 'AWS_LAMBDA_FUNCTION_VERSION']
    const own = ['STAGE', 'TABLE', 'AWS_ENDPOINT_URL_DYNAMODB', 'VITEST']
    const { body } = await invoke(arn, [...names, ...own])

    const expected = ['eu-west-1', 'f', '1', 'test', 'new', 'http://127.0.0.1:8000', null]
    expect(body).toEqual(expected)
  })

  test('of type Event is acknowledged at once and run', async () => {
    const { deploy, invoke, emulator } = await setUp()
    const arn = deploy('echo')
    const ended = new Promise((resolve) => emulator.events.once('invokeEnded', resolve))

    const reply = await invoke(arn, { a: 1 }, { InvocationType: 'Event' })

    expect(reply).toMatchObject({ status: 202, body: undefined })
    expect(await ended).toMatchObject({ outcome: { kind: 'returned', payload: '{"a":1}' } })
  })

  test('of type DryRun runs nothing', async () => {
    const { deploy, invoke, emulator } = await setUp()
    const arn = deploy('echo')

    expect((await invoke(arn, {}, { InvocationType: 'DryRun' })).status).toBe(204)
    expect(emulator.statistics('f').invocations).toBe(0)
  })
})

describe('an invoke is refused', () => {
  test('with 404 when there is no such function or version', async () => {
    const { deploy, invoke } = await setUp()
    deploy('echo')

    for (const name of ['nobody', 'f:9']) {
      await expect(invoke(name)).rejects.toMatchObject({
        name: 'ResourceNotFoundException',
        message: `Function not found: arn:aws:lambda:eu-west-1:000000000000:function:${name}`,
        $metadata: { httpStatusCode: 404 },
      })
    }
  })

  test('with 400 when its body is not JSON', async () => {
    const { deploy, invoke } = await setUp()
    const Payload = '{"half":'

    await expect(invoke(deploy('echo'), {}, { Payload })).rejects.toMatchObject({
      name: 'InvalidRequestContentException',
      $metadata: { httpStatusCode: 400 },
    })
  })

  test('with 400 when name and query disagree on the version', async () => {
    const { deploy, invoke } = await setUp()

    await expect(invoke(deploy('echo'), {}, { Qualifier: '2' })).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
    })
  })

  test('with 413 above six megabytes', async () => {
    const { deploy, invoke, emulator } = await setUp()
    const arn = deploy('nothing')
    const largest = `"${'x'.repeat(maxRequestBytes - 2)}"`

    expect((await invoke(arn, {}, { Payload: largest })).status).toBe(200)
    await expect(invoke(arn, {}, { Payload: `${largest} ` })).rejects.toMatchObject({
      name: 'RequestTooLargeException',
      $metadata: { httpStatusCode: 413 },
    })
    expect(emulator.statistics('f')).toMatchObject({ invocations: 1, bytesIn: maxRequestBytes })
  })

  test('with 404 when it is another operation', async () => {
    const { emulator } = await setUp()

    const response = await fetch(`${emulator.endpoint}/2015-03-31/functions/`)

    expect(response.status).toBe(404)
    expect(response.headers.get('x-amzn-errortype')).toBe('UnknownOperationException')
  })
})

describe('a function error', () => {
  test('carries type, message and trace of what was thrown', async () => {
    const { deploy, invoke, emulator } = await setUp()

    const reply = await invoke(deploy('fail'))

    expect(reply).toMatchObject({ status: 200, functionError: 'Unhandled', version: '1' })
    expect(reply.body).toMatchObject({
      errorType: 'RangeError',
      errorMessage: 'out of stock',
      trace: expect.arrayContaining([expect.stringContaining('handlers.ts')]),
    })
    expect(emulator.statistics('f').functionErrors).toBe(1)
  })

  test('is told of a handler that throws undefined', async () => {
    const { deploy, invoke } = await setUp()

    const reply = await invoke(deploy('throwUndefined'))

    expect(reply).toMatchObject({ functionError: 'Unhandled', body: { errorType: 'handled' } })
  })

  test('is told of a rejection that nobody caught, and the process ends', async () => {
    const { deploy, invoke, emulator } = await setUp()
    const arn = deploy('rejectLater')

    const first = await invoke(arn)
    await invoke(arn)

    expect(first.body).toMatchObject({
      errorType: 'Runtime.UnhandledPromiseRejection',
      errorMessage: 'Error: nobody caught me',
    })
    expect(emulator.statistics('f').coldStarts).toBe(2)
  })

  test('is told of a process that exits', async () => {
    const { deploy, invoke } = await setUp()
    const arn = deploy('exit')
    const error = (text: string) => ({
      functionError: 'Unhandled',
      body: { errorType: 'Runtime.ExitError', errorMessage: expect.stringContaining(text) },
    })

    expect(await invoke(arn, { status: 3 })).toMatchObject(error('exit status 3'))
    expect(await invoke(arn, { status: 0 })).toMatchObject(error('without providing a reason'))
  })

  test('is told of a response above the limit', async () => {
    const { deploy, invoke } = await setUp()
    const arn = deploy('ofSize')

    const largest = await invoke(arn, { chars: maxResponseBytes - 2 })
    const tooLarge = await invoke(arn, { chars: maxResponseBytes - 1 })

    expect(largest.functionError).toBeUndefined()
    expect(tooLarge).toMatchObject({
      functionError: 'Unhandled',
      body: { errorType: 'Function.ResponseSizeTooLarge' },
    })
  })

  test.each([
    ['Runtime.HandlerNotFound', 'export const other = 1'],
    ['Runtime.ImportModuleError', `import './not-there.mjs'`],
    ['Runtime.UserCodeSyntaxError', 'export const handler = ('],
    ['TypeError', 'throw new TypeError("no configuration")'],
  ])('is told of a module that cannot be loaded: %s', async (errorType, source) => {
    const { deploy, invoke } = await setUp()
    const entry = await writeModule(source)

    const arn = deploy('handler', { entry })

    expect(await invoke(arn)).toMatchObject({ functionError: 'Unhandled', body: { errorType } })
    expect(await invoke(arn)).toMatchObject({ functionError: 'Unhandled', body: { errorType } })
  })
})

describe('a deploy', () => {
  test('refuses a version twice, and a module that is not there', async () => {
    const { deploy } = await setUp()
    deploy('echo', { version: '1' })

    expect(() => deploy('echo', { version: '1' })).toThrow('deployed already')
    expect(() => deploy('echo', { entry: '/nowhere/handlers.ts' })).toThrow('there is no file')
  })
})
