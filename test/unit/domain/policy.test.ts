import type { Manifest } from '@fermata/lambda-runtime/protocol'
import { incompatibilities, type Served } from '@fermata/orchestrator/domain/services/compatibility'
import {
  type HandlerPolicy,
  patchLayer,
  resolvePolicy,
  retentionOf,
} from '@fermata/orchestrator/domain/services/policy'
import { noOverrides, overridesSchema } from '@fermata/orchestrator/domain/services/policy-document'
import { shareOf } from '@fermata/orchestrator/domain/shares'
import fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'

const defaults: HandlerPolicy = {
  retry: {
    initialDelayMs: 100,
    factor: 2,
    maxDelayMs: 60_000,
    maxAttempts: 20,
    maxDurationMs: Number.POSITIVE_INFINITY,
    jitter: 0.2,
    onExhaustion: 'pause',
  },
  timeoutMs: 900_000,
  retentionMs: 7_000,
  private: false,
}

describe('the policy of a handler', () => {
  it('is the default where no layer says otherwise', () => {
    expect(resolvePolicy([], defaults)).toEqual(defaults)
    expect(resolvePolicy([{}, {}], defaults)).toEqual(defaults)
  })

  it('follows the later layer, field by field, of the retry policy too', () => {
    const policy = resolvePolicy(
      [
        { timeoutMs: 1, private: true, retry: { maxAttempts: 1, factor: 3 } },
        { timeoutMs: 2, concurrency: 5, retry: { maxAttempts: 2 } },
        { timeoutMs: 3, retry: { onExhaustion: 'fail' } },
        { retentionMs: 4 },
      ],
      defaults,
    )
    expect(policy).toEqual({
      ...defaults,
      timeoutMs: 3,
      private: true,
      concurrency: 5,
      retentionMs: 4,
      retry: { ...defaults.retry, maxAttempts: 2, factor: 3, onExhaustion: 'fail' },
    })
  })

  it('lets as many start at once as flow in, where it does not say how many', () => {
    const rate = { limit: 5, perMs: 1_000 }
    expect(resolvePolicy([{ rate }], defaults).rate).toEqual({ ...rate, burst: 5 })
    expect(resolvePolicy([{ rate: { ...rate, burst: 2 } }], defaults).rate?.burst).toBe(2)
  })

  it('keeps an invocation with an idempotency key for longer, if that is longer', () => {
    const policy = { ...defaults, retentionMs: 10, idempotencyRetentionMs: 20 }
    expect(retentionOf(policy, { hasKey: false, atLeastMs: 0 })).toBe(10)
    expect(retentionOf(policy, { hasKey: true, atLeastMs: 0 })).toBe(20)
    expect(retentionOf(policy, { hasKey: true, atLeastMs: 30 })).toBe(30)
    expect(retentionOf({ ...policy, retentionMs: 40 }, { hasKey: true, atLeastMs: 0 })).toBe(40)
    expect(retentionOf(defaults, { hasKey: true, atLeastMs: 0 })).toBe(7_000)
  })
})

describe('a change of a policy', () => {
  it('sets what it names, takes away what it names as null, and leaves the rest', () => {
    const layer = { timeoutMs: 1, concurrency: 2, retry: { maxAttempts: 3, factor: 4 } }
    expect(patchLayer(layer, { timeoutMs: 5, concurrency: null, private: true })).toEqual({
      timeoutMs: 5,
      private: true,
      retry: layer.retry,
    })
    expect(patchLayer(layer, { retry: { factor: null, maxDelayMs: 6 } }).retry).toEqual({
      maxAttempts: 3,
      maxDelayMs: 6,
    })
    expect(patchLayer(layer, { retry: null })).toEqual({ timeoutMs: 1, concurrency: 2 })
    expect(patchLayer({}, { retry: { factor: null } })).toEqual({})
  })

  it('is stored and read as it was made', () => {
    const layer = patchLayer({}, { rate: { limit: 1, perMs: 2 }, retry: { maxAttempts: 3 } })
    const overrides = { service: layer, handlers: { add: layer } }
    expect(v.parse(overridesSchema, JSON.parse(JSON.stringify(overrides)))).toEqual(overrides)
    expect(v.parse(overridesSchema, noOverrides)).toEqual(noOverrides)
  })
})

describe('the share of a limit', () => {
  it('adds up to the limit over all replicas, where each can have one', () => {
    const sums = fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 0, max: 1_000 }),
      (of, more) => {
        const limit = of + more
        const shares = Array.from({ length: of }, (_, rank) => shareOf(limit, { rank, of }))
        expect(shares.reduce((sum, share) => sum + share)).toBe(limit)
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1)
      },
    )
    fc.assert(sums, { seed: 1 })
  })

  it('is one at least, or what waits there would wait for ever', () => {
    expect(shareOf(2, { rank: 4, of: 5 })).toBe(1)
    expect(shareOf(1, { rank: 0, of: 2 })).toBe(1)
  })

  it('of no limit is none', () => {
    expect(shareOf(Number.POSITIVE_INFINITY, { rank: 1, of: 3 })).toBe(Number.POSITIVE_INFINITY)
  })
})

type Mode = Manifest['services'][number]['handlers'][number]['mode']
type Kind = Manifest['services'][number]['kind']

function manifest(
  services: Readonly<Record<string, readonly [Kind, Readonly<Record<string, Mode>>]>>,
): Manifest {
  return {
    protocol: 1,
    kind: 'manifest',
    sdk: 'test',
    services: Object.entries(services).map(([name, [kind, handlers]]) => ({
      name,
      kind,
      handlers: Object.entries(handlers).map(([handler, mode]) => ({ name: handler, mode })),
    })),
  }
}

const both = manifest({ shop: ['service', { buy: 'stateless', refund: 'stateless' }] })
const one = manifest({ shop: ['service', { buy: 'stateless' }] })
const served = (id: string, name: string, what: Manifest): Served => ({
  id,
  function: name,
  manifest: what,
})

describe('a new deployment', () => {
  it('fits where nothing is served, and where it serves the same or more', () => {
    expect(incompatibilities({ function: 'f', manifest: one }, [])).toEqual([])
    expect(incompatibilities({ function: 'f', manifest: one }, [served('a', 'f', one)])).toEqual([])
    expect(incompatibilities({ function: 'f', manifest: both }, [served('a', 'f', one)])).toEqual(
      [],
    )
  })

  it('does not fit where a handler of the version before it is missing', () => {
    const reasons = incompatibilities({ function: 'f', manifest: one }, [served('a', 'f', both)])
    expect(reasons).toEqual([expect.stringMatching(/^"shop\/refund" is served by a,.* missing/)])
    const none = incompatibilities({ function: 'f', manifest: manifest({}) }, [
      served('a', 'f', both),
    ])
    expect(none).toHaveLength(2)
  })

  it('may leave out what another function serves, and what only an older version did', () => {
    const moved = [served('a', 'f', both), served('b', 'g', both)]
    expect(incompatibilities({ function: 'f', manifest: one }, moved)).toEqual([])
    const dropped = [served('b', 'f', one), served('a', 'f', both)]
    expect(incompatibilities({ function: 'f', manifest: one }, dropped)).toEqual([])
  })

  it('has nothing to do with what another function left out', () => {
    expect(incompatibilities({ function: 'g', manifest: one }, [served('a', 'f', both)])).toEqual(
      [],
    )
  })

  it('does not fit where a service has become something else', () => {
    const cart = manifest({ shop: ['object', { buy: 'exclusive', refund: 'exclusive' }] })
    for (const name of ['f', 'g']) {
      const reasons = incompatibilities({ function: name, manifest: cart }, [
        served('a', 'f', both),
      ])
      expect(reasons).toEqual([
        expect.stringContaining('"shop" is of kind service on a and of kind object here'),
      ])
    }
  })

  it('does not fit where a handler is exclusive no longer, or has become so', () => {
    const exclusive = manifest({ cart: ['object', { add: 'exclusive' }] })
    const shared = manifest({ cart: ['object', { add: 'shared' }] })
    expect(
      incompatibilities({ function: 'f', manifest: shared }, [served('a', 'f', exclusive)]),
    ).toEqual([expect.stringContaining('"cart/add" is exclusive on a and shared here')])
    expect(
      incompatibilities({ function: 'f', manifest: exclusive }, [served('a', 'f', shared)]),
    ).toHaveLength(1)
  })

  it('is compared with what is served now, and not with what was', () => {
    const cart = manifest({ shop: ['object', { buy: 'exclusive' }] })
    const known = [served('b', 'f', cart), served('a', 'f', one)]
    expect(incompatibilities({ function: 'f', manifest: cart }, known)).toEqual([])
  })

  it('does not fit with a workflow that has no run', () => {
    const without = manifest({ signup: ['workflow', { verify: 'shared' }] })
    const whole = manifest({ signup: ['workflow', { run: 'workflow', verify: 'shared' }] })
    expect(incompatibilities({ function: 'f', manifest: without }, [])).toEqual([
      'the workflow "signup" has no handler "run"',
    ])
    expect(incompatibilities({ function: 'f', manifest: whole }, [])).toEqual([])
  })
})
