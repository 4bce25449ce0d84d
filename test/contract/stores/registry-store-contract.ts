import type { Json } from '@fermata/lambda-runtime/protocol'
import { expect } from 'vitest'
import {
  denseText,
  describeCases,
  freshName,
  type StoreCases,
  type StoresUnderTest,
} from './harness.ts'

const cases: StoreCases = {
  'keeps a document and counts its revisions': async (stores) => {
    const { registry } = stores
    const collection = freshName('deployments')
    const body: Json = { services: ['orders', 'ünïcödé'], nested: { n: 1.5, no: null } }

    expect(await registry.get(collection, 'a')).toBeUndefined()
    expect(await registry.put(collection, 'a', body, undefined)).toBe(true)
    expect(await registry.get(collection, 'a')).toEqual({ name: 'a', rev: 1, body })
    expect(await registry.put(collection, 'a', 'next', 1)).toBe(true)
    expect(await registry.get(collection, 'a')).toEqual({ name: 'a', rev: 2, body: 'next' })
  },

  'refuses a write on another revision than the stored one': async (stores) => {
    const { registry } = stores
    const collection = freshName('subscriptions')
    await registry.put(collection, 'a', 1, undefined)

    expect(await registry.put(collection, 'a', 2, undefined)).toBe(false)
    expect(await registry.put(collection, 'a', 2, 7)).toBe(false)
    expect(await registry.put(collection, 'b', 2, 1)).toBe(false)
    expect(await registry.remove(collection, 'a', 2)).toBe(false)
    expect(await registry.remove(collection, 'b', 1)).toBe(false)
    expect(await registry.list(collection, '', 10)).toEqual([{ name: 'a', rev: 1, body: 1 }])
  },

  'forgets a removed document, and its name may be used anew': async (stores) => {
    const { registry } = stores
    const collection = freshName('subscriptions')
    await registry.put(collection, 'a', 1, undefined)

    expect(await registry.remove(collection, 'a', 1)).toBe(true)
    expect(await registry.get(collection, 'a')).toBeUndefined()
    expect(await registry.put(collection, 'a', 2, undefined)).toBe(true)
  },

  'lists by name, after a name, at most so many': async (stores) => {
    const { registry } = stores
    const collection = freshName('dead')
    for (const name of ['c', 'a', 'Z', 'b']) await registry.put(collection, name, name, undefined)

    const names = async (after: string, limit: number) =>
      (await registry.list(collection, after, limit)).map((document) => document.name)
    expect(await names('', 10)).toEqual(['Z', 'a', 'b', 'c'])
    expect(await names('a', 10)).toEqual(['b', 'c'])
    expect(await names('', 2)).toEqual(['Z', 'a'])
    expect(await names('c', 2)).toEqual([])
    expect(await names('', 0)).toEqual([])
  },

  'lists more than a page': async (stores) => {
    const { registry } = stores
    const collection = freshName('dead')
    const names = Array.from({ length: 12 }, (_, i) => `record-${String(i).padStart(2, '0')}`)
    await Promise.all(
      names.map((name, i) => registry.put(collection, name, denseText(150_000, i + 1), undefined)),
    )

    expect((await registry.list(collection, '', 100)).map((d) => d.name)).toEqual(names)
    expect((await registry.get(collection, 'record-03'))?.body).toBe(denseText(150_000, 4))
  },

  'lets exactly one of twenty concurrent writers win': async (stores) => {
    const { registry } = stores
    const collection = freshName('subscriptions')
    const put = (i: number) => registry.put(collection, 'a', i, undefined)

    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => put(i)))

    expect(answers.filter(Boolean)).toHaveLength(1)
    expect((await registry.get(collection, 'a'))?.body).toBe(answers.indexOf(true))
  },

  'gives out copies': async (stores) => {
    const { registry } = stores
    const collection = freshName('deployments')
    const body = { list: ['a'] }
    await registry.put(collection, 'a', body, undefined)
    body.list.push('changed')

    expect((await registry.get(collection, 'a'))?.body).toEqual({ list: ['a'] })
  },
}

/** What every RegistryStore must do. */
export function registryStoreContract(name: string, stores: () => StoresUnderTest): void {
  describeCases(`${name}: RegistryStore`, cases, stores)
}
