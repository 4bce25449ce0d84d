import { lambda } from '@fermata/lambda-runtime/lambda'
import { expenses } from '../expenses.ts'

export const handler = lambda(expenses)
