import { onTestFinished, vi } from 'vitest'

export type Asked = { readonly path: string; readonly key: string; readonly body: unknown }

const outsideUrl = 'http://localhost:8200'

/** The world outside of an example: answers its requests, and remembers each key's first. Others go to the network. */
export function stubOutside(answer: (path: string, body: unknown) => object): readonly Asked[] {
  const asked: Asked[] = []
  const network = globalThis.fetch
  vi.stubGlobal('fetch', async (input: URL | string, init: RequestInit = {}) => {
    const url = new URL(input)
    if (url.origin !== outsideUrl) return network(input, init)
    const key = new Headers(init.headers).get('idempotency-key') ?? ''
    const path = url.pathname
    const isNew = asked.every((one) => one.key !== key)
    const body: unknown = JSON.parse(String(init.body))
    if (isNew) asked.push({ path, key, body })
    return Response.json(answer(path, body))
  })
  onTestFinished(() => void vi.unstubAllGlobals())
  return asked
}

/** Asks a server of the orchestrator. */
export async function ask(
  url: string,
  method: string,
  body?: unknown,
): Promise<{ readonly status: number; readonly json: unknown }> {
  const response = await fetch(url, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, json: text === '' ? undefined : JSON.parse(text) }
}

/** Looks again and again. @throws when it finds nothing */
export async function eventually<T>(
  look: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  return vi.waitFor(
    async () => {
      const found = await look()
      if (found === undefined) throw new Error('not yet')
      return found
    },
    { timeout: 120_000, interval: 20 },
  )
}
