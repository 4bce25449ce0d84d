import { lambda } from '@fermata/lambda-runtime/lambda'
import { inventory } from '../services/inventory.ts'

export const handler = lambda(inventory)
