import { startDynamoDb } from '../../../../infra/local/dynamodb/start-dynamodb.ts'
import { startS3 } from '../../../../infra/local/s3/start-s3.ts'

/* A program that runs both local services, for tests that kill it. It prints their ports and process ids as JSON. */
const dir = process.argv[2] ?? ''
const s3 = await startS3({ port: Number(process.argv[3] ?? 0), dir: `${dir}/s3`, buckets: ['specstar-test'] })
const dynamoDb = await startDynamoDb({ port: Number(process.argv[4] ?? 0), dir: `${dir}/dynamodb` })
console.log(
  JSON.stringify({ s3: { port: s3.port, pid: s3.pid }, dynamoDb: { port: dynamoDb.port, pid: dynamoDb.pid } }),
)
