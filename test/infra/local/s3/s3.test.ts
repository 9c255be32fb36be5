import process from 'node:process'
import * as z from 'zod'
import { CAPABILITIES, type S3Target } from './contract/session.ts'
import { credentials, runS3 } from './running-s3.ts'
import { s3Contract } from './s3.contract.ts'

/** Another server under the same contract: infra/local/s3/README.md shows the command. */
const Environment = z.object({
  S3_ENDPOINT: z.url().optional(),
  S3_REGION: z.string().default('us-east-1'),
  S3_ACCESS_KEY_ID: z.string().default(credentials.accessKeyId),
  S3_SECRET_ACCESS_KEY: z.string().default(credentials.secretAccessKey),
  /** capabilities that the server lacks, separated by commas */
  S3_WITHOUT: z
    .string()
    .default('')
    .transform((names) => names.split(',').filter((name) => name !== ''))
    .pipe(z.array(z.enum(CAPABILITIES))),
})
const environment = Environment.parse(process.env)

const start = async (): Promise<S3Target> => {
  const { S3_ENDPOINT: endpoint, S3_REGION: region } = environment
  if (endpoint !== undefined) {
    const { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = environment
    return { endpoint, region, credentials: { accessKeyId, secretAccessKey }, stop: () => Promise.resolve() }
  }
  const service = await runS3()
  return { endpoint: service.endpoint, region: 'us-east-1', credentials, stop: () => service.end() }
}

s3Contract({
  name: environment.S3_ENDPOINT ?? 'the local S3 service',
  capabilities: new Set(CAPABILITIES.filter((capability) => !environment.S3_WITHOUT.includes(capability))),
  start,
})
