import { workflowRunId } from '@fermata/lambda-runtime/protocol'
import { queuedState } from '../../domain/objects/mail.ts'
import { retentionOf } from '../../domain/services/policy.ts'
import type { Mail, ObjectRef, Slot } from '../../ports/index.ts'
import { createdEntry, found } from '../invocations/create.ts'
import type { EngineDeps } from '../invocations/engine-deps.ts'
import type { JournalSession } from '../invocations/journal-session.ts'
import type { Created, CreateOptions, Creation, Work } from '../invocations/work.ts'
import type { Deployment } from '../services/deployment-document.ts'
import type { Mailbox } from './mailbox.ts'
import { refOfId } from './queued.ts'

/** Whether a slot that is there already is looked for among all that wait, or only among the next ones. */
type Search = 'all' | 'near'

/**
 * Takes an exclusive invocation in: one write, its slot, which carries all of `created`. It begins when its turn comes.
 * Of two slots of one invocation the later is void, so a source that asks again may append again.
 */
export function enqueue(
  deps: EngineDeps,
  work: Work,
  creation: Creation,
  options: CreateOptions,
  deployment: Deployment,
): Promise<Created> {
  const { service, key = '' } = creation.target
  const mailbox = deps.mailboxes.of({ service, key })
  const { id, target } = creation
  const policy = deps.directory.policyOf(target, deployment)
  const hasKey = creation.idempotencyKey !== undefined
  const retentionMs = retentionOf(policy, { hasKey, atLeastMs: creation.minRetentionMs })
  const mail = {
    kind: 'invocation',
    invocation: id,
    created: createdEntry(creation, retentionMs),
  } as const
  const search = hasKey || workflowRunId(target) !== undefined ? 'all' : 'near'
  let held = options.permit
  const accepted = deps.sessions.use(id, (session) =>
    mailbox.accepting(async (): Promise<Created> => {
      if ((await session.refresh()) !== undefined) return again(deps, work, session)
      const placed = await takePlace(deps, mailbox, mail, { search, source: options.source })
      const isNew = placed.kind === 'appended'
      if (held !== undefined && isNew) {
        mailbox.permits.set(placed.slot.n, held)
        held = undefined
      }
      work.advance(mailbox.ref, isNew ? 'turn' : 'recover')
      const state = queuedState(placed.slot, mail.created, session.segments)
      return { status: isNew ? 'accepted' : 'duplicate', state }
    }),
  )
  return accepted.finally(() => {
    held?.release()
    work.advance(mailbox.ref, 'turn')
  })
}

/** It has begun before. A replica that died may have left it at any point: whoever finds it goes on with it. */
async function again(deps: EngineDeps, work: Work, session: JournalSession): Promise<Created> {
  const ticket = await deps.guards.watch(session.id)
  return found(deps, work, session, ticket)
}

/** An invocation that was to wait, or that nobody served, queues up now. Its journal has its `created` already. */
export async function placeLate(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
): Promise<void> {
  const ref = refOfId(session.id)
  if (ref === undefined) return
  const mailbox = deps.mailboxes.of(ref)
  await mailbox.accepting(async () => {
    const state = await session.refresh()
    // It may have got its place, and had its turn, though nobody here was told.
    if (state?.created.slot !== 0 || state.phase.kind === 'closed') return
    const { slot: _none, ...created } = state.created
    const mail = { kind: 'invocation', invocation: session.id, created } as const
    await takePlace(deps, mailbox, mail, { search: 'all', source: 'asks-again' })
  })
  work.advance(mailbox.ref, 'turn')
}

/** Durable and on the agenda when it resolves (INV-10). */
export async function takePlace(
  deps: EngineDeps,
  mailbox: Mailbox,
  mail: Mail,
  { search, source }: { readonly search: Search; readonly source: CreateOptions['source'] },
): Promise<{ readonly kind: 'appended' | 'known'; readonly slot: Slot }> {
  const guarded = mailbox.ensure()
  guarded.catch(() => undefined)
  if (source === 'asks-once') await guarded
  const placed = await append(deps, mailbox, mail, search)
  await guarded
  await mailbox.ensure()
  return placed
}

const page = 25

async function append(deps: EngineDeps, { ref, subject }: Mailbox, mail: Mail, search: Search) {
  const { clock, faults, objects, random } = deps
  const head = await objects.head(ref)
  const writer = random.nonce()
  for (let from = (head?.done ?? 0) + 1; ; ) {
    const place = await findPlace(deps, ref, { mail, from, search })
    if (place.kind === 'known') return place
    const at = clock.now()
    const retentionMs = mail.kind === 'edit' ? mail.retentionMs : mail.created.retentionMs
    const slot: Slot = { n: place.n, writer, at, expires: at + retentionMs, mail, mark: undefined }
    await faults.reach('slot.before-append', subject)
    const answer = await objects.append(ref, slot)
    await faults.reach('slot.after-append', subject)
    if (answer.kind === 'appended') return { kind: 'appended', slot } as const
    from = slot.n
  }
}

type Place =
  | { readonly kind: 'free'; readonly n: number }
  | { readonly kind: 'known'; readonly slot: Slot }

/** The first free place, or the one that the invocation has, as far as it is looked for. Numbers never go back. */
async function findPlace(
  { objects }: EngineDeps,
  ref: ObjectRef,
  { mail, from, search }: { readonly mail: Mail; readonly from: number; readonly search: Search },
): Promise<Place> {
  for (let next = from; ; ) {
    const slots = await objects.slots(ref, next, page)
    const known = slots.find((slot) => slot.mark !== 'void' && isSameMail(slot.mail, mail))
    if (known !== undefined) return { kind: 'known', slot: known }
    const last = slots.at(-1)?.n ?? next - 1
    if (slots.length === page && search === 'all') {
      next = last + 1
      continue
    }
    const isSure = slots.length > 0 && slots.length < page
    return { kind: 'free', n: 1 + (isSure ? last : Math.max(last, await objects.lastSlot(ref))) }
  }
}

function isSameMail(one: Mail, other: Mail): boolean {
  if (one.kind === 'edit') return other.kind === 'edit' && one.edit.id === other.edit.id
  return other.kind === 'invocation' && one.invocation === other.invocation
}
