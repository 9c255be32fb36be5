import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import type { BenchContext, Runner } from '../measure.ts'
import type { BenchServices } from '../services.ts'
import { type PythonProgram, runPython } from './python.ts'

/** The AWS CLI. `aws s3 cp` reads and writes ten objects at the same time. */
export const AWS_CLI: PythonProgram = { package: 'awscli==1.46.3', main: 'awscli.clidriver:main' }

/** Copies all objects of a bucket to a folder, or all files of a folder to a bucket. */
export const awsS3Cp = (
  { endpoints, credentials }: Pick<BenchServices, 'endpoints' | 'credentials'>,
  from: string,
  to: string,
): ReturnType<typeof runPython> =>
  runPython(AWS_CLI, ['s3', 'cp', '--recursive', '--only-show-errors', '--endpoint-url', endpoints.s3, from, to], {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  })

/** Measures a copy of all blobs to the disk. */
export const awsS3Download = async ({ services }: BenchContext): Promise<Runner> => {
  const folder = await mkdtemp(join(services.folder, 'aws-s3-'))
  return runnerOf(() => awsS3Cp(services, `s3://${services.stores.config.buckets.blobs}`, folder))
}

/** Measures a copy of all blobs from the disk. */
export const awsS3Upload = async ({ services }: BenchContext): Promise<Runner> => {
  const bucket = `s3://${services.stores.config.buckets.blobs}`
  const folder = await mkdtemp(join(services.folder, 'aws-s3-'))
  // `prepare` of a measure runs while the store is full.
  await awsS3Cp(services, bucket, folder)
  return runnerOf(() => awsS3Cp(services, folder, bucket))
}

const runnerOf = (copy: () => ReturnType<typeof awsS3Cp>): Runner => ({
  pids: {},
  run: async () => {
    const { seconds, usage } = await copy()
    return { seconds, processes: { 'aws s3 cp': usage } }
  },
  stop: () => Promise.resolve(),
})
