import { connect, RequestError, TerminalError } from '@fermata/lambda-runtime/client'
import type { returns, TaxReturn } from './returns.ts'

/** A program outside, such as a company's accounting: it knows the service by its type alone. */
export async function submit(url: string, taxReturns: readonly TaxReturn[]): Promise<string[]> {
  const fermata = connect(url, { timeout: '10m' })
  return await Promise.all(
    taxReturns.map(async (taxReturn) => {
      const { company, quarter } = taxReturn
      const idempotencyKey = `${company} ${quarter}`
      try {
        const { number } = await fermata
          .call<typeof returns>('returns', { idempotencyKey })
          .submit(taxReturn)
        return `${company}: ${number}`
      } catch (error) {
        if (error instanceof TerminalError) return `${company}: refused, ${error.message}`
        if (error instanceof RequestError) return `${company}: no answer yet, ${error.code}`
        throw error
      }
    }),
  )
}
