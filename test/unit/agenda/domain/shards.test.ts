import {
  goneOwners,
  noSightings,
  sight,
  silentReplicas,
} from '@fermata/orchestrator/domain/agenda/lease-watch'
import { planShards } from '@fermata/orchestrator/domain/agenda/shard-plan'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

describe('the watch over leases', () => {
  const view = (replicas: Record<string, number>, owners: (string | undefined)[] = []) => ({
    replicas: Object.entries(replicas).map(([replica, rev]) => ({ replica, rev })),
    shards: owners.map((owner, shard) => ({ shard, owner })),
  })

  it('finds silent whose heartbeat has stood still for longer than a lease, on its own clock', () => {
    let sightings = sight(noSightings, view({ a: 1, b: 1 }), 1_000)
    sightings = sight(sightings, view({ a: 1, b: 2 }), 3_000)
    expect(silentReplicas(sightings, 4_000, 3_000)).toEqual([])
    expect(silentReplicas(sightings, 4_001, 3_000)).toEqual([{ replica: 'a', rev: 1 }])
  })

  it('starts anew when a heartbeat moves, and forgets who is gone', () => {
    let sightings = sight(noSightings, view({ a: 1 }), 0)
    sightings = sight(sightings, view({ a: 2 }), 2_900)
    expect(silentReplicas(sightings, 5_000, 3_000)).toEqual([])
    sightings = sight(sightings, view({}), 3_000)
    expect(silentReplicas(sightings, 90_000, 3_000)).toEqual([])
  })

  it('takes an owner for gone only if it owned something in an earlier look', () => {
    const first = view({ b: 1 }, ['a', 'b', undefined])
    expect(goneOwners(noSightings, first)).toEqual(new Set())
    const sightings = sight(noSightings, first, 0)
    expect(goneOwners(sightings, first)).toEqual(new Set(['a']))
    expect(goneOwners(sightings, view({ a: 1, b: 1 }, ['a', 'b']))).toEqual(new Set())
  })
})

describe('the plan for shards', () => {
  const heldIn = (owners: ReadonlyMap<number, string>, me: string) =>
    [...owners].filter(([, owner]) => owner === me).map(([shard]) => shard)

  /** Everybody plans on the same view, in turn, and all they plan comes to pass. */
  function round(shards: number, live: readonly string[], owners: Map<number, string>): void {
    for (const me of live) {
      const plan = planShards({ shards, me, live, held: heldIn(owners, me), owners })
      for (const shard of plan.release) owners.delete(shard)
      for (const shard of plan.claim) {
        expect(owners.has(shard)).toBe(false)
        owners.set(shard, me)
      }
    }
  }

  it('comes to rest with every shard owned and nobody more than one above another', () => {
    const nobody = 12
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: nobody }),
        fc.array(fc.nat(nobody), { minLength: 1, maxLength: 32 }),
        (replicas, start) => {
          const live = Array.from({ length: replicas }, (_, n) => `r${n}`)
          const owners = new Map(
            start
              .map((owner, shard) => [shard, `r${owner}`] as const)
              .filter(([, owner]) => live.includes(owner)),
          )
          for (let rounds = 0; rounds < 40; rounds++) round(start.length, live, owners)
          expect(owners.size).toBe(start.length)
          const counts = live.map((me) => heldIn(owners, me).length)
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
          const settled = new Map(owners)
          round(start.length, live, owners)
          expect(owners).toEqual(settled)
        },
      ),
    )
  })

  it('has one above the least share give a shard to one who lacks it, though nobody has too many', () => {
    const live = ['a', 'b', 'c', 'd']
    const owners = new Map([...'aaabbbcccd'].map((owner, shard) => [shard, owner]))
    const plans = live.map((me) =>
      planShards({ shards: 10, me, live, held: heldIn(owners, me), owners }),
    )
    expect(plans.map(({ release }) => release)).toEqual([[2], [], [], []])
  })

  it('leaves shards alone whose owner may still be alive', () => {
    const owners = new Map([
      [0, 'gone?'],
      [1, 'gone?'],
    ])
    const plan = planShards({ shards: 2, me: 'a', live: ['a'], held: [], owners })
    expect(plan).toEqual({ claim: [], release: [] })
  })

  it('claims again what is its own in the table but not in its hands', () => {
    const owners = new Map([
      [0, 'a'],
      [1, 'a'],
    ])
    const plan = planShards({ shards: 2, me: 'a', live: ['a'], held: [1], owners })
    expect(plan).toEqual({ claim: [0], release: [] })
  })

  it('lets replicas begin at different places', () => {
    const view = { shards: 8, live: ['a', 'b'], held: [], owners: new Map<number, string>() }
    expect(planShards({ ...view, me: 'a' }).claim).toEqual([0, 1, 2, 3])
    expect(planShards({ ...view, me: 'b' }).claim).toEqual([4, 5, 6, 7])
  })
})
