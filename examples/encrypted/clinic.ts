import { object, service, TerminalError } from '@fermata/lambda-runtime'

export interface Referral {
  readonly patient: string
  readonly reason: string
}

export interface Finding {
  readonly summary: string
  readonly images: readonly string[]
}

/** One patient's file. Everything in it is sealed in the table. */
export const file = object<{ findings: readonly Finding[] }>()('file', {
  async add(ctx, finding: Finding) {
    const findings = [...(await ctx.get('findings', [])), finding]
    ctx.set('findings', findings)
    return findings.length
  },
  async read(ctx) {
    return await ctx.get('findings', [])
  },
})

/** A referral waits for a laboratory, for days if need be, and goes into the patient's file. */
export const clinic = service('clinic', {
  async refer(ctx, referral: Referral) {
    const ward = await ctx.run('choose a ward', () => wardFor(referral))
    const finding = await ctx.signal<Finding>('finding')
    if (finding.summary === '') throw new TerminalError(`no finding for ${referral.patient}`)
    // The key of an object is part of ids, and is not sealed: a number says less than a name.
    const count = await ctx.call(file, numberOf(referral)).add(finding)
    return { ward, count }
  },
})

export function numberOf({ patient }: Referral): string {
  return String([...patient].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 9_973, 7))
}

function wardFor({ patient, reason }: Referral): string {
  return `${reason.includes('heart') ? 'cardiology' : 'general'}, for ${patient}`
}
