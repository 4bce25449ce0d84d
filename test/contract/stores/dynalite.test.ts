import { startDynalite } from '../../support/real-parts/dynalite.ts'
import { dynamoContract } from './dynamo-contract.ts'

dynamoContract('DynamoDB adapter on dynalite (no PartiQL)', () =>
  startDynalite({ process: 'child' }),
)
