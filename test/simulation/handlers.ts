import { object } from '../../lambda-runtime/src/index.ts'

type Ledger = { readonly entries: readonly number[] }

/** What records are for: each key remembers its own, in their order. */
export const ledger = object<Ledger>()('ledger', {
  async add(ctx, input) {
    const entries = await ctx.get('entries', [])
    await ctx.run('note', () => tell(`${ctx.key}/${String(input)}`))
    if (Number(input) % 3 === 0) await ctx.sleep('2s')
    ctx.set('entries', [...entries, Number(input)])
    return entries.length + 1
  },
})

async function tell(key: string): Promise<void> {
  await fetch(new URL('/ledger', 'http://outside'), {
    method: 'POST',
    headers: { 'idempotency-key': `ledger ${key}` },
    body: 'null',
  })
}
