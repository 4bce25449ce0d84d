import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it, vi } from 'vitest'
import { requirePart } from '../support/real-parts/require-part.ts'
import { checkModel, type Verdict } from '../support/real-parts/tlc.ts'

/** Each looks at up to 160,000 states: a few seconds, or a minute where others want the machine, too. */
vi.setConfig({ testTimeout: 600_000 })

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

/** `without`: a rule that the model does not keep this time. */
async function check(model: string, config: string, without?: string): Promise<Verdict> {
  const text = readFileSync(pathOf(`${config}.cfg`), 'utf8')
  const rule = `${without} = TRUE`
  if (without !== undefined) expect(text).toContain(rule)
  return await checkModel(pathOf(`${model}.tla`), text.replace(rule, `${without} = FALSE`))
}

requirePart('tla-tools')('the model of a journal with its attempts', () => {
  it('keeps its invariants in every state', async () => {
    expect(await check('Journal', 'Journal')).toMatchObject({ kind: 'holds' })
  })

  it.each([
    ['Gate', 'a step starts before all results ahead of it are durable'],
    ['Fence', 'what its epoch does not allow counts'],
    ['Bind', 'twins of one epoch both count'],
  ])('does not without %s: %s', async (rule) => {
    const verdict = await check('Journal', 'Journal', rule)
    expect(verdict).toEqual({ kind: 'violated', what: 'EffectsFollowTheJournal' })
  })
})

requirePart('tla-tools')('the model of a mailbox', () => {
  it('keeps its invariants in every state', async () => {
    expect(await check('Mailbox', 'Mailbox')).toMatchObject({ kind: 'holds' })
  })

  it('brings all that was accepted to its end, and tells the callers', async () => {
    expect(await check('Mailbox', 'MailboxEnds')).toMatchObject({ kind: 'holds' })
  })

  it.each([
    ['Void', 'a slot of an invocation that has an earlier one counts as well'],
    ['Conditional', 'the head moves from wherever it stands'],
  ])('does not without %s: %s', async (rule) => {
    const verdict = await check('Mailbox', 'Mailbox', rule)
    expect(verdict).toEqual({ kind: 'violated', what: 'AppliedInOrder' })
  })

  it.each([
    ['Redo', 'whoever goes on does not redo the deliveries of the slot that is done'],
    ['Watched', 'an accept is acknowledged without a watch'],
    ['Patient', 'a watch is spent because it is not the turn of its invocation'],
  ])('leaves something behind without %s: %s', async (rule) => {
    const verdict = await check('Mailbox', 'MailboxEnds', rule)
    expect(verdict).toEqual({ kind: 'violated', what: 'Temporal properties' })
  })
})
