import { FermataError } from '@fermata/orchestrator/domain/errors'
import { describe, expect, it } from 'vitest'
import { completed, createWorld, scripted, until } from './world.ts'

describe('a deployment of the configuration', () => {
  it('is registered when the registry is there again', async () => {
    const world = createWorld()
    world.functions.set('f:1', scripted({ greeter: () => ({ status: completed('hello') }) }))
    const { registry } = world.stores
    const put = registry.put.bind(registry)
    let failures = 3
    registry.put = async (...args) => {
      if (failures-- > 0) throw new FermataError('store-unreachable', 'away')
      return put(...args)
    }

    const { engine } = await world.start()
    await until(world.clock, async () => (await engine.admin.deployments()).length === 1)

    expect((await engine.admin.deployments()).map(({ address }) => address)).toEqual(['f:1'])
  })

  it('is not asked for again when it does not answer as a deployment', async () => {
    const world = createWorld()
    let asked = 0
    world.functions.set('f:1', () => {
      asked += 1
      return 'nonsense'
    })

    const { engine } = await world.start()
    await world.clock.advance(10_000)

    expect([asked, await engine.admin.deployments()]).toEqual([1, []])
  })
})
