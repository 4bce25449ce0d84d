/** The orchestrator's image without a container engine: its file tree, and its very command. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { imageCommand } from '../../cdk/src/assemble-image.ts'
import { assembleTree, type ImageTree } from '../../tools/assemble-image.ts'
import { processEnvironment } from '../support/real-parts/environment.ts'

const root = mkdtempSync(join(tmpdir(), 'fermata-image-'))
const megabyte = 1024 * 1024

const filesIn = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(directory, name)).isFile())
    .toSorted()

describe('the image of the orchestrator', () => {
  let tree: ImageTree
  beforeAll(() => {
    tree = assembleTree(root)
  })
  afterAll(() => rmSync(root, { recursive: true, force: true }))

  it('adds one file to its base, of a few megabytes, and runs as nobody special', () => {
    expect(filesIn(root)).toEqual(['app/fermata.mjs'])
    expect(statSync(join(root, 'app/fermata.mjs')).size).toBeLessThan(8 * megabyte)
    expect(tree.user).toBe('node')
    expect(tree.command).toEqual(imageCommand)
  })

  it('starts, is healthy, writes nothing, and stops when it is told to', async () => {
    const { workingDirectory, command, environment, healthCommand } = tree
    const [program = '', ...args] = command
    const document = {
      store: 'memory',
      ingress: { host: '127.0.0.1', port: 0 },
      admin: { host: '127.0.0.1', port: 0 },
    }
    const env = {
      ...environment,
      PATH: processEnvironment.PATH,
      FERMATA_CONFIG: JSON.stringify(document),
    }
    const child = spawn(program, args, { cwd: workingDirectory, env, stdio: 'pipe' })
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += String(chunk)
    })
    const adminPort = await vi.waitFor(
      () => {
        const [, port] = /"adminPort":(\d+)/.exec(output) ?? []
        if (port === undefined) throw new Error('not yet')
        return port
      },
      { timeout: 30_000 },
    )
    const [check = '', ...rest] = healthCommand
    const checking = spawn(check, rest, { env: { ...env, FERMATA_ADMIN_PORT: adminPort } })
    expect(await once(checking, 'exit')).toEqual([0, null])
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(filesIn(root)).toEqual(['app/fermata.mjs'])
  })
})
