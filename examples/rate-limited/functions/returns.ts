import { lambda } from '@fermata/lambda-runtime/lambda'
import { office, returns } from '../returns.ts'

export const handler = lambda(returns, office)
