import { describe, expect, test } from 'vitest'
import { until } from '../engine/world.ts'
import { createScene, deployScheduled, every, meanwhile, type Scene, ticksOf } from './scene.ts'

const second = 1_000

async function start(scene: Scene) {
  const { engine } = await scene.world.start()
  const { schedules } = engine.admin
  const ask = <T>(work: Promise<T>) => meanwhile(scene.world, work)
  return { engine, schedules, ask }
}

async function quietFor(scene: Scene, ms: number): Promise<boolean> {
  const before = scene.ran.length
  await scene.world.clock.advance(ms)
  return scene.ran.length === before
}

describe('a schedule that people made', () => {
  test('is shown with its last tick, its invocation and its next tick', async () => {
    const scene = createScene()
    const { schedules, ask } = await start(scene)
    await ask(schedules.put('s', every(10 * second)))
    await until(scene.world.clock, () => scene.ran.length >= 1)
    const [ran] = scene.ran
    const view = await ask(schedules.get('s'))
    expect(view).toMatchObject({
      name: 's',
      status: 'active',
      lastTick: ran?.tick,
      lastInvocationId: ran?.id,
      nextTick: (ran?.tick ?? 0) + 10 * second,
      deployment: undefined,
    })
    expect(await ask(schedules.list())).toEqual([view])
  })

  test('makes no ticks while it is paused, and does not make up for them', async () => {
    const scene = createScene()
    const { schedules, ask } = await start(scene)
    await ask(schedules.put('s', every(second)))
    await until(scene.world.clock, () => scene.ran.length >= 2)
    const paused = await ask(schedules.pause('s'))
    expect(paused).toMatchObject({ status: 'paused', nextTick: undefined })
    await scene.world.clock.advance(1_000)
    expect(await quietFor(scene, 30_000)).toBe(true)
    const last = scene.ran.at(-1)?.tick ?? 0
    await ask(schedules.resume('s'))
    const resumedAt = scene.world.clock.now()
    await until(scene.world.clock, () => (scene.ran.at(-1)?.tick ?? 0) > last)
    expect(scene.ran.at(-1)?.tick).toBeGreaterThan(resumedAt - 2 * second)
    expect(new Set(ticksOf(scene.ran)).size).toBe(scene.ran.length)
    expect(await ask(schedules.resume('s'))).toMatchObject({ status: 'active' })
  })

  test('makes none once it is removed', async () => {
    const scene = createScene()
    const { schedules, ask } = await start(scene)
    await ask(schedules.put('s', every(second)))
    await until(scene.world.clock, () => scene.ran.length >= 2)
    await ask(schedules.remove('s'))
    await scene.world.clock.advance(1_000)
    expect(await quietFor(scene, 20_000)).toBe(true)
    for (const gone of ['get', 'remove', 'pause', 'resume'] as const) {
      await expect(ask<unknown>(schedules[gone]('s'))).rejects.toMatchObject({
        code: 'schedule-not-found',
      })
    }
  })

  test('that is put again goes on from its last tick by its new times, and stays paused if it was', async () => {
    const scene = createScene()
    const { schedules, ask } = await start(scene)
    await ask(schedules.put('s', every(second)))
    await until(scene.world.clock, () => scene.ran.length >= 2)
    await ask(schedules.put('s', every(5 * second)))
    const { lastTick = 0 } = await ask(schedules.get('s'))
    await until(scene.world.clock, () => scene.ran.length >= 5)
    const later = ticksOf(scene.ran).filter((tick) => tick > lastTick)
    expect(later.every((tick) => tick % (5 * second) === 0)).toBe(true)
    expect(new Set(ticksOf(scene.ran)).size).toBe(scene.ran.length)
    await ask(schedules.pause('s'))
    expect(await ask(schedules.put('s', every(second)))).toMatchObject({ status: 'paused' })
  })

  test('is refused where it has mistakes', async () => {
    const scene = createScene()
    const { schedules, ask } = await start(scene)
    const cron = (text: string, timezone = 'UTC') => ({
      ...every(second),
      timing: { kind: 'cron' as const, cron: text, timezone },
    })
    const handler = (target: { service: string; handler: string; key?: string }) => ({
      ...every(second),
      target,
    })
    const mistakes = [
      ['s', cron('* * * *'), 'schedule-invalid', 'found 4'],
      ['s', cron('61 * * * *'), 'schedule-invalid', ''],
      ['s', cron('0 2 * * *', 'Europe/Nowhere'), 'schedule-invalid', 'Europe/Nowhere'],
      ['s', every(999), 'schedule-invalid', 'at least a second'],
      ['9', every(second), 'schedule-invalid', 'a letter'],
      ['reports/process', every(second), 'schedule-managed', 'from the code'],
      [
        's',
        handler({ service: 'nobody', handler: 'process' }),
        'handler-not-found',
        'nobody/process',
      ],
      [
        's',
        handler({ service: 'reports', handler: 'process', key: 'k' }),
        'schedule-invalid',
        'takes no key',
      ],
    ] as const
    for (const [name, request, code, message] of mistakes) {
      await expect(ask(schedules.put(name, request))).rejects.toMatchObject({
        code,
        message: expect.stringContaining(message),
      })
    }
  })
})

describe('a schedule for handlers that are keyed', () => {
  const target = { service: 'reports', handler: 'process' }

  test.for([
    ['exclusive', target, 'needs a key'],
    ['workflow', { ...target, key: 'k' }, 'runs once per key'],
  ] as const)('is refused where it cannot be: %s', async ([mode, to, why]) => {
    const scene = createScene()
    scene.world.functions.clear()
    const { engine, schedules, ask } = await start(scene)
    await ask(engine.admin.register(deployScheduled(scene, 1, undefined, mode)))
    await expect(ask(schedules.put('s', { ...every(second), target: to }))).rejects.toMatchObject({
      code: 'schedule-invalid',
      message: expect.stringContaining(why),
    })
  })

  test('goes through the queue of its key', async () => {
    const scene = createScene()
    scene.world.functions.clear()
    const { engine, schedules, ask } = await start(scene)
    await ask(engine.admin.register(deployScheduled(scene, 1, undefined, 'exclusive')))
    const to = { ...target, key: 'k' }
    await ask(schedules.put('s', { ...every(second), target: to }))
    await until(scene.world.clock, () => scene.ran.length >= 4)
    expect(scene.ran.every(({ id }) => id.startsWith('reports.k.'))).toBe(true)
    expect(new Set(ticksOf(scene.ran)).size).toBe(scene.ran.length)
  })

  test('cannot come from the code: a tick names no key', async () => {
    const scene = createScene()
    scene.world.functions.clear()
    const { engine, ask } = await start(scene)
    const keyed = deployScheduled(scene, 1, { everyMs: second }, 'exclusive')
    await expect(ask(engine.admin.register(keyed))).rejects.toMatchObject({
      code: 'deployment-invalid',
    })
  })
})

describe('a schedule of the code', () => {
  test('begins with the registration, changes with the next version and ends with one that has none', async () => {
    const scene = createScene()
    scene.world.functions.clear()
    const { engine, schedules, ask } = await start(scene)
    await ask(engine.admin.register(deployScheduled(scene, 1, { everyMs: second })))
    expect(await ask(schedules.list())).toMatchObject([
      { name: 'reports/process', timing: { everyMs: second }, deployment: expect.any(String) },
    ])
    await until(scene.world.clock, () => scene.ran.length >= 2)
    await ask(engine.admin.register(deployScheduled(scene, 2, { everyMs: 5 * second })))
    expect(await ask(schedules.get('reports/process'))).toMatchObject({
      timing: { everyMs: 5 * second },
    })
    await until(scene.world.clock, () => scene.ran.length >= 4)
    await ask(engine.admin.register(deployScheduled(scene, 3, undefined)))
    expect(await ask(schedules.list())).toEqual([])
    await scene.world.clock.advance(1_000)
    expect(await quietFor(scene, 70_000)).toBe(true)
    expect(new Set(ticksOf(scene.ran)).size).toBe(scene.ran.length)
  })

  test('can be paused, not changed, and stays paused in the next version', async () => {
    const scene = createScene()
    scene.world.functions.clear()
    const { engine, schedules, ask } = await start(scene)
    await ask(engine.admin.register(deployScheduled(scene, 1, { everyMs: second })))
    await ask(schedules.pause('reports/process'))
    await expect(ask(schedules.remove('reports/process'))).rejects.toMatchObject({
      code: 'schedule-managed',
    })
    await ask(engine.admin.register(deployScheduled(scene, 2, { everyMs: 2 * second })))
    expect(await ask(schedules.get('reports/process'))).toMatchObject({
      status: 'paused',
      timing: { everyMs: 2 * second },
    })
    expect(await quietFor(scene, 10_000)).toBe(true)
  })

  test('goes back to what the version before said, when the newest is removed', async () => {
    const scene = createScene()
    scene.world.functions.clear()
    const { engine, schedules, ask } = await start(scene)
    await ask(engine.admin.register(deployScheduled(scene, 1, { everyMs: 7 * second })))
    const newest = await ask(
      engine.admin.register(deployScheduled(scene, 2, { everyMs: 9 * second })),
    )
    await ask(engine.admin.removeDeployment(newest.id, { force: true }))
    await scene.world.clock.advance(65_000)
    expect(await ask(schedules.get('reports/process'))).toMatchObject({
      timing: { everyMs: 7 * second },
    })
  })

  test('with mistakes is not registered', async () => {
    const scene = createScene()
    scene.world.functions.clear()
    const { engine, ask } = await start(scene)
    const wrong = deployScheduled(scene, 1, { cron: '* * * *', timezone: 'UTC' })
    await expect(ask(engine.admin.register(wrong))).rejects.toMatchObject({
      code: 'deployment-invalid',
      message: expect.stringContaining('reports/process'),
    })
    expect(await ask(engine.admin.deployments())).toEqual([])
  })

  test('is looked after by another replica when the one that registered the version dies on the way', async () => {
    const scene = createScene()
    scene.world.functions.clear()
    const { world } = scene
    let registered = false
    const dying = await world.start({
      onFault: (point, _, replica) => {
        if (registered && point === 'agenda.before-flush') replica().kill()
      },
    })
    const { schedules, ask } = await start(scene)
    registered = true
    dying.engine.admin
      .register(deployScheduled(scene, 1, { everyMs: second }))
      .catch(() => undefined)
    await world.clock.advance(70_000)
    expect(await ask(schedules.list())).toHaveLength(1)
    await until(world.clock, () => scene.ran.length >= 3)
  })
})
