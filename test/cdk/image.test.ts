/** The orchestrator's image without a container engine: its file tree, and its very command. */
import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { service } from '@fermata/lambda-runtime'
import { serve } from '@fermata/lambda-runtime/http'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { imageCommand } from '../../cdk/src/assemble-image.ts'
import { assembleTree, type ImageTree } from '../../tools/assemble-image.ts'
import { startDynalite } from '../support/real-parts/dynalite.ts'
import { awsEnvironment } from './support/aws.ts'
import { type ImageProcess, runImage, stopTimeoutMs } from './support/image-process.ts'
import { until } from './support/progress.ts'

const assembler = new URL('../../cdk/src/assemble-image.ts', import.meta.url).href
const megabyte = 1024 * 1024
const gracefully = [0, null]

const filesIn = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(directory, name)).isFile())
    .toSorted()

/** A service with one step that takes until it is let go. */
async function serveSlowStep() {
  const gate = Promise.withResolvers<string>()
  const begun = Promise.withResolvers<void>()
  let steps = 0
  const slow = service('slow', {
    step: (ctx) =>
      ctx.run('wait', () => {
        steps += 1
        begun.resolve()
        return gate.promise
      }),
  })
  const server = await serve([slow], { port: 0, host: '127.0.0.1' })
  onTestFinished(async () => {
    gate.resolve('too late')
    await server.close()
  })
  return { url: server.url, begun: begun.promise, letGo: gate.resolve, steps: () => steps }
}

describe('the image of the orchestrator', () => {
  let root: string
  let tree: ImageTree
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'fermata-image-'))
    tree = assembleTree(root)
  })
  afterAll(() => {
    for (const directory of [root, tree.workingDirectory]) chmodSync(directory, 0o755)
    rmSync(root, { recursive: true, force: true })
  })

  const start = async (document: object, endpoint?: string): Promise<ImageProcess> => {
    const environment = endpoint === undefined ? {} : awsEnvironment(endpoint)
    const image = await runImage(tree, { document, environment })
    onTestFinished(async () => {
      await image.stop(0)
    })
    return image
  }

  it('adds one file to Node 24, of a few megabytes, and runs as nobody special', () => {
    expect(tree.base).toMatch(/^node:24\b/)
    expect(filesIn(root)).toEqual(['app/fermata.mjs'])
    // 80 would do. What comes near this limit has been bundled by mistake.
    expect(statSync(join(root, 'app/fermata.mjs')).size).toBeLessThan(8 * megabyte)
    expect(tree.user).toBe('node')
    expect(tree.command).toEqual(imageCommand)
  })

  it('can be read by whom it runs as, whatever who builds it lets others read', async () => {
    const scratch = mkdtempSync(join(tmpdir(), 'fermata-umask-'))
    onTestFinished(() => rmSync(scratch, { recursive: true, force: true }))
    const program = `process.umask(0o077)
      const { assembleImage } = await import(${JSON.stringify(assembler)})
      assembleImage(${JSON.stringify(scratch)})`
    const args = ['--conditions=source', '--input-type=module', '--eval', program]
    await promisify(execFile)(process.execPath, args)
    expect(filesIn(scratch)).toEqual(['Dockerfile', 'fermata.mjs'])
    expect((statSync(join(scratch, 'fermata.mjs')).mode & 0o777).toString(8)).toBe('644')
  })

  it('runs where nothing can be written, is healthy, and stops when it is told to', async () => {
    const image = await start({ store: 'memory' })
    expect(await image.check()).toBe(0)
    expect(await image.stop(stopTimeoutMs)).toEqual(gracefully)
    expect(await image.check()).toBe(1)
    expect(filesIn(root)).toEqual(['app/fermata.mjs'])
  })

  it('finishes what is in flight before it stops', async () => {
    const database = await startDynalite()
    onTestFinished(() => database.stop())
    const { url, begun, letGo, steps } = await serveSlowStep()
    const document = { createTable: true, deployments: [{ url }], shutdownMs: stopTimeoutMs / 3 }
    const first = await start(document, database.endpoint)
    const accepted = await fetch(`${first.ingressUrl}/slow/step/send`, { method: 'POST' })
    const { invocationId } = (await accepted.json()) as { invocationId: string }
    await begun
    const stopped = first.stop(stopTimeoutMs)
    const takesWork = () => fetch(`${first.adminUrl}/ready`).then(({ ok }) => ok)
    await until(
      'it to take nothing new',
      () => takesWork().catch(() => false),
      (ok) => !ok,
    )
    expect(first.isRunning()).toBe(true)
    letGo('done')
    expect(await stopped).toEqual(gracefully)

    const second = await start(document, database.endpoint)
    const output = await fetch(`${second.ingressUrl}/invocations/${invocationId}/output`)
    expect(await output.json()).toBe('done')
    expect(steps()).toBe(1)
  })

  it('stops in time though what is in flight does not end, and another one ends it', async () => {
    const database = await startDynalite()
    onTestFinished(() => database.stop())
    const { url, begun, letGo } = await serveSlowStep()
    const document = { createTable: true, deployments: [{ url }], shutdownMs: 500 }
    const first = await start(document, database.endpoint)
    const accepted = await fetch(`${first.ingressUrl}/slow/step/send`, { method: 'POST' })
    const { invocationId } = (await accepted.json()) as { invocationId: string }
    await begun
    expect(await first.stop(stopTimeoutMs)).toEqual(gracefully)

    const second = await start(document, database.endpoint)
    letGo('done')
    const output = await fetch(`${second.ingressUrl}/invocations/${invocationId}/attach`)
    expect(await output.json()).toBe('done')
  })
})
