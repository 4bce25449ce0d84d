import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startDynamoDbLocal } from '../support/real-parts/dynamodb-local.ts'
import { requirePart } from '../support/real-parts/require-part.ts'
import type { Answer, OrchestratorUnderTest } from './support/orchestrator-under-test.ts'
import { createSystem, eventually, type System } from './support/system.ts'
import { openWitness, type Witness } from './support/witness.ts'

const unknownId = `steps.${'0'.repeat(26)}`
const arnOf = (name: string) => `arn:aws:lambda:eu-west-1:000000000000:function:${name}`

requirePart('dynamodb-local')('bad input', () => {
  let database: Awaited<ReturnType<typeof startDynamoDbLocal>>
  let witness: Witness
  let system: System
  let orchestrator: OrchestratorUnderTest

  beforeAll(async () => {
    ;[database, witness] = await Promise.all([startDynamoDbLocal(), openWitness()])
    const environment = { WITNESS_URL: witness.url }
    system = await createSystem({ dynamodb: database.endpoint, environment })
    orchestrator = await system.start()
    await orchestrator.post('deployments', { arn: system.deploy('steps') })
  })

  afterAll(async () => {
    await system?.close()
    await witness?.close()
    await database?.stop()
  })

  async function send(path: string, input: unknown): Promise<InvocationId> {
    const { body } = await orchestrator.call(`${path}/send`, input)
    return (body as { invocationId: InvocationId }).invocationId
  }

  const deployOdd = (name: string) => system.deploy('odd', { name, export: name })

  const paused = (id: InvocationId) =>
    eventually('it is paused', async () => {
      const view = await orchestrator.invocation(id)
      return view.status === 'paused' ? view : undefined
    })

  /** Nothing of the above keeps others from running. */
  async function expectOthersToRun(): Promise<void> {
    const name = `fine ${performance.now()}`
    expect((await orchestrator.call('steps/quick', name)).body).toBe(1)
  }

  it('a function that does not exist cannot be deployed', async () => {
    const answer = await orchestrator.post('deployments', { arn: `${arnOf('nobody')}:1` })
    expectProblem(answer, 502, 'deployment-unreachable', 'does not exist')
  })

  it('a function that answers something else cannot be deployed', async () => {
    const answer = await orchestrator.post('deployments', { arn: deployOdd('greeting') })
    expectProblem(answer, 422, 'deployment-invalid', 'lambda(…)')
  })

  it('an address that is no version of a function cannot be deployed', async () => {
    const answer = await orchestrator.post('deployments', { arn: arnOf('steps') })
    expectProblem(answer, 422, 'deployment-invalid')
  })

  it('a function that answers something else later pauses its invocations, and no others', async () => {
    await orchestrator.post('deployments', { arn: deployOdd('babbling') })
    const { failure, attempts } = await paused(await send('babble/process', 1))
    expect(failure).toMatchObject({ code: 'invalid-reply' })
    expect(failure?.message).toContain('hello')
    expect(attempts).toBe(2)
    await expectOthersToRun()
  })

  it('a function that answers with too much pauses its invocations', async () => {
    await orchestrator.post('deployments', { arn: deployOdd('verbose') })
    const { failure } = await paused(await send('verbose/process', 1))
    expect(failure).toMatchObject({ code: 'function-failed' })
    expect(failure?.message).toMatch(/payload size|too large/i)
    await expectOthersToRun()
  })

  it('a handler that throws undefined is tried again, paused, and goes on when it is resumed', async () => {
    const id = await send('steps/undefinedError', 'nothing')
    const { failure, attempts } = await paused(id)
    expect(failure).toMatchObject({ code: 'handler-failed' })
    expect(failure?.message).toContain('undefined')
    expect(attempts).toBe(2)

    expect((await orchestrator.post(`invocations/${id}/resume`)).status).toBe(202)
    expect((await orchestrator.outputOf(id)).body).toBe('better now')
    const again = await orchestrator.post(`invocations/${id}/resume`)
    expectProblem(again, 409, 'invocation-not-paused')
  })

  it('a body that is not JSON is refused', async () => {
    const response = await fetch(`${orchestrator.ingress}/steps/quick`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"name": ',
    })
    expect(response.headers.get('content-type')).toContain('application/problem+json')
    expect([response.status, await response.json()]).toMatchObject([400, { code: 'bad-request' }])
  })

  it('a body that is too large is refused', async () => {
    const answer = await orchestrator.call('steps/quick', 'x'.repeat(300_000))
    expectProblem(answer, 413, 'body-too-large')
    await expectOthersToRun()
  })

  it('a handler that nobody serves is not found', async () => {
    expectProblem(await orchestrator.call('nobody/process', 1), 404, 'handler-not-found')
    expectProblem(await orchestrator.call('steps/nothing', 1), 404, 'handler-not-found')
  })

  it('an unknown awakeable is not found', async () => {
    for (const id of [`${unknownId}.0`, 'no-id', `${unknownId}.x`]) {
      const answer = await orchestrator.call(`awakeables/${id}/resolve`, true)
      expectProblem(answer, 404, 'awakeable-not-found')
    }
  })

  it('an op that is no awakeable cannot be resolved', async () => {
    const id = await send('steps/approval', 'wrong op')
    await suspended(id)
    expectProblem(
      await orchestrator.call(`awakeables/${id}.1/resolve`, 1),
      404,
      'awakeable-not-found',
    )
    expect((await orchestrator.call(`awakeables/${id}.0/resolve`, 'Grace')).status).toBe(204)
    expect((await orchestrator.outputOf(id)).body).toBe('Grace')
  })

  it('an awakeable is resolved once: the second time is a conflict, and changes nothing', async () => {
    const id = await send('steps/approval', 'one of two')
    await suspended(id)
    const answers = await Promise.all(
      ['Grace', 'Ada'].map((by) => orchestrator.call(`awakeables/${id}.0/resolve`, by)),
    )
    expect(answers.map(({ status }) => status).toSorted()).toEqual([204, 409])
    const winner = answers[0]?.status === 204 ? 'Grace' : 'Ada'
    expect((await orchestrator.outputOf(id)).body).toBe(winner)
    const late = await orchestrator.call(`awakeables/${id}.0/reject`, { message: 'no' })
    expectProblem(late, 409, 'awakeable-completed')
    expect((await orchestrator.outputOf(id)).body).toBe(winner)
  })

  it('an unknown invocation is not found', async () => {
    expectProblem(await orchestrator.get(`invocations/${unknownId}`), 404, 'invocation-not-found')
    expectProblem(
      await orchestrator.get(`invocations/${unknownId}/journal`),
      404,
      'invocation-not-found',
    )
    expectProblem(
      await orchestrator.post(`invocations/${unknownId}/resume`),
      404,
      'invocation-not-found',
    )
    expectProblem(
      await orchestrator.outputOf(unknownId as InvocationId),
      404,
      'invocation-not-found',
    )
    expectProblem(await orchestrator.get('invocations/no-id'), 400, 'bad-invocation-id')
  })

  it('an unknown deployment is not found', async () => {
    const response = await fetch(`${orchestrator.admin}/deployments/dp_0`, { method: 'DELETE' })
    expect([response.status, await response.json()]).toMatchObject([
      404,
      { code: 'deployment-not-found' },
    ])
  })

  it('an invocation whose deployment was removed is paused, and goes on when it is back', async () => {
    const arn = system.deploy('basics')
    const { body } = await orchestrator.post('deployments', { arn })
    const id = await send('basics/approval', 'boss@example.com')
    await suspended(id)
    const deployment = `${orchestrator.admin}/deployments/${(body as { id: string }).id}`
    expect((await fetch(`${deployment}?force=true`, { method: 'DELETE' })).status).toBe(204)

    expect((await orchestrator.call(`awakeables/${id}.0/resolve`, true)).status).toBe(204)
    expect((await paused(id)).failure).toMatchObject({ code: 'deployment-not-found' })
    expectProblem(await orchestrator.post(`invocations/${id}/resume`), 404, 'deployment-not-found')
    await orchestrator.post('deployments', { arn })
    expect((await orchestrator.post(`invocations/${id}/resume`)).status).toBe(202)
    expect((await orchestrator.outputOf(id)).body).toBe('approved')
  })

  it('a configuration with three mistakes is refused with all three', async () => {
    const { code, stderr } = await runMain({
      FERMATA_CONFIG: JSON.stringify({ table: '', ingress: { port: 99_999 }, agend: {} }),
      AWS_REGION: 'eu-west-1',
    })
    expect(code).toBe(2)
    expect(stderr).toContain('3 mistakes')
    expect(stderr).toMatch(/table: .*\n/)
    expect(stderr).toMatch(/ingress\.port: .*65535/)
    expect(stderr).toMatch(/agend: .*agenda/)
  })

  async function suspended(id: InvocationId): Promise<void> {
    await eventually(
      'it waits',
      async () => (await orchestrator.invocation(id)).status === 'suspended',
    )
  }
})

/** Problem JSON with a code that has a page. */
function expectProblem(answer: Answer, status: number, code: string, detail = ''): void {
  expect(answer.headers.get('content-type')).toContain('application/problem+json')
  expect(answer).toMatchObject({ status, body: { status, code } })
  expect((answer.body as { detail: string }).detail).toContain(detail)
  const page = fileURLToPath(new URL(`../../docs/errors/${code}.md`, import.meta.url))
  expect(existsSync(page)).toBe(true)
}

function runMain(env: NodeJS.ProcessEnv): Promise<{ code: number | null; stderr: string }> {
  const main = fileURLToPath(new URL('../../orchestrator/src/main.ts', import.meta.url))
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--conditions=source', main],
      { env },
      (_error, _stdout, stderr) => resolve({ code: child.exitCode, stderr }),
    )
  })
}
