/** Versions of a function, policies and the list of invocations, with the real SDK on DynamoDB. */
import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { InvocationView } from '@fermata/orchestrator/ports'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startDynamoDbLocal } from '../support/real-parts/dynamodb-local.ts'
import { requirePart } from '../support/real-parts/require-part.ts'
import type { OrchestratorUnderTest } from './support/orchestrator-under-test.ts'
import { createSystem, eventually, type System } from './support/system.ts'

requirePart('dynamodb-local')('deployments and policies', () => {
  let database: Awaited<ReturnType<typeof startDynamoDbLocal>>
  let system: System
  let orchestrator: OrchestratorUnderTest

  beforeAll(async () => {
    database = await startDynamoDbLocal()
    system = await createSystem({ dynamodb: database.endpoint })
    orchestrator = await system.start()
  })

  afterAll(async () => {
    await system?.close()
    await database?.stop()
  })

  const deploy = (desk: string, version: string) =>
    system.deploy('versions', {
      name: desk,
      export: version,
      environment: { DESK: desk },
      concurrentPerProcess: 10,
    })

  async function register(arn: string, force = false): Promise<string> {
    const { status, body } = await orchestrator.post('deployments', { arn, force })
    expect(status).toBe(201)
    return (body as { id: string }).id
  }

  async function send(path: string, input: unknown = 'why'): Promise<InvocationId> {
    const { body } = await orchestrator.call(`${path}/send`, input)
    return (body as { invocationId: InvocationId }).invocationId
  }

  const reaches = (id: InvocationId, status: string) =>
    eventually(`${id} is ${status}`, async () => {
      const view = await orchestrator.invocation(id)
      return view.status === status ? view : undefined
    })

  async function answered(id: InvocationId): Promise<unknown> {
    await reaches(id, 'suspended')
    await orchestrator.call(`awakeables/${id}.0/resolve`, 'because')
    return (await orchestrator.outputOf(id)).body
  }

  async function request(method: string, path: string, body?: unknown) {
    const init = body === undefined ? {} : { body: JSON.stringify(body) }
    const response = await fetch(`${orchestrator.admin}/${path}`, { method, ...init })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }

  it('what runs ends on its version, what is new begins on the newest, and then the old one goes', async () => {
    const first = await register(deploy('front', 'one'))
    const before = await send('front/ask')
    await reaches(before, 'suspended')
    const second = await register(deploy('front', 'two'))
    const after = await send('front/ask')
    expect(await reaches(after, 'suspended')).toMatchObject({ deployment: second })

    const refused = await request('DELETE', `deployments/${first}`)
    expect(refused).toMatchObject({ status: 409, body: { code: 'deployment-in-use' } })
    expect(refused.body.detail).toContain(before)
    expect(refused.body.detail).not.toContain(after)

    expect(await answered(before)).toBe('one: because')
    expect(await answered(after)).toBe('two: because')
    expect(await request('DELETE', `deployments/${first}`)).toMatchObject({ status: 204 })
    expect(await request('GET', `deployments/${first}`)).toMatchObject({ status: 404 })
    expect(await answered(await send('front/ask'))).toBe('two: because')
  })

  it('a version that lacks what is served is refused, unless it is forced', async () => {
    await register(deploy('back', 'two'))
    const arn = deploy('back', 'three')
    const refused = await orchestrator.post('deployments', { arn })
    expect(refused).toMatchObject({ status: 409, body: { code: 'deployment-incompatible' } })
    const { detail } = refused.body as { detail: string }
    expect(detail).toContain('"back/failing"')
    expect(detail).toContain('"back/inner"')

    const third = await register(arn, true)
    expect((await orchestrator.call('back/ask', 'why')).body).toBe('three: why')
    const { body } = await request('GET', 'services/back')
    expect(body.handlers.map(({ name }: { name: string }) => name)).toEqual([
      'ask',
      'failing',
      'inner',
    ])
    expect(await request('DELETE', `deployments/${third}?force=true`)).toMatchObject({
      status: 204,
    })
    const id = await send('back/ask')
    expect(await answered(id)).toBe('two: because')
  })

  it('policies come from the code, and are set and taken away over HTTP', async () => {
    await register(deploy('side', 'two'))
    const inner = async () => {
      const { body } = await request('GET', 'services/side')
      return body.handlers.find(({ name }: { name: string }) => name === 'inner').policy
    }
    expect(await inner()).toMatchObject({ private: true, timeout: 10_000 })
    expect(await orchestrator.call('side/inner', 1)).toMatchObject({ status: 404 })
    const path = 'services/side/handlers/inner'
    await request('PATCH', path, { private: false, timeout: '5s' })
    expect(await orchestrator.call('side/inner', 1)).toMatchObject({ status: 200, body: 'two' })
    await request('PATCH', path, { private: null })
    expect(await inner()).toMatchObject({ private: true, timeout: 5_000 })

    await reaches(await send('side/failing'), 'paused')
    await request('PATCH', 'services/side', { retry: { onExhaustion: 'fail' } })
    const failed = await orchestrator.call('side/failing', 1)
    expect(failed).toMatchObject({ status: 500, body: { detail: 'two fails' } })
    expect(await request('PATCH', 'services/side', { timeout: 'x', retries: 1 })).toMatchObject({
      status: 400,
      body: { mistakes: [{ path: 'timeout' }, { path: 'retries' }] },
    })
  })

  it('the list of invocations comes in pages and misses nothing that is open', async () => {
    await register(deploy('top', 'one'))
    const open = await Promise.all(Array.from({ length: 7 }, () => send('top/ask')))
    for (const id of open) await reaches(id, 'suspended')
    const found = new Set<string>()
    const query = 'service=top&handler=ask&status=suspended&limit=3'
    for (let next = ''; ; ) {
      const { body } = await request('GET', `invocations?${query}${next}`)
      const page: readonly InvocationView[] = body.invocations
      expect(page.length).toBeLessThanOrEqual(3)
      for (const { id, status } of page) {
        expect(status).toBe('suspended')
        found.add(id)
      }
      if (body.next === undefined) break
      next = `&after=${body.next}`
    }
    expect([...found].toSorted()).toEqual(open.toSorted())
    for (const id of open) await orchestrator.call(`awakeables/${id}.0/resolve`, 'done')
  })
})
