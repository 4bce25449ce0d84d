import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { compose, loadConfig } from '@fermata/orchestrator'
import { expect, it, onTestFinished } from 'vitest'

const main = fileURLToPath(new URL('../../examples/server/main.ts', import.meta.url))

async function startServer(): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const child = spawn(process.execPath, ['--conditions=source', main], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PORT: '0' },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = await once(child.stdout, 'data')
  const [url = ''] = /http:\S+/.exec(String(line)) ?? []
  return { child, url }
}

it('the example of handlers on a server runs, and stops when it is told to', async () => {
  const config = {
    store: 'memory',
    ingress: { host: '127.0.0.1', port: 0 },
    admin: { host: '127.0.0.1', port: 0 },
    log: { level: 'silent' },
  }
  const orchestrator = compose(loadConfig({ FERMATA_CONFIG: JSON.stringify(config) }))
  onTestFinished(() => orchestrator.stop())
  const [{ ingressPort, adminPort }, { child, url }] = await Promise.all([
    orchestrator.start(),
    startServer(),
  ])
  const post = (port: number, path: string, body: unknown) =>
    fetch(`http://127.0.0.1:${port}/${path}`, { method: 'POST', body: JSON.stringify(body) })
  await expect
    .poll(async () => (await fetch(`http://127.0.0.1:${adminPort}/ready`)).status, {
      timeout: 120_000,
    })
    .toBe(200)

  expect((await post(adminPort, 'deployments', { url })).status).toBe(201)
  const answer = await post(ingressPort, 'greeter/greet', 'Ada')
  expect(await answer.json()).toBe('Hello, Ada')

  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  expect(await exited).toEqual([0, null])
})
