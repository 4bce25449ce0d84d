import { startDynamoDbLocal } from '../../support/real-parts/dynamodb-local.ts'
import { requirePart } from '../../support/real-parts/require-part.ts'
import { dynamoContract } from './dynamo-contract.ts'

requirePart('dynamodb-local')('with PartiQL', () => {
  dynamoContract('DynamoDB adapter on DynamoDB Local', startDynamoDbLocal)
})
