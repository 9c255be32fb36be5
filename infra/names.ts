import { Aws } from 'aws-cdk-lib'

/** Names of a deployment's tables and buckets. */
export interface StoreNames {
  readonly resources: string
  readonly jobs: string
  readonly blobs: string
  readonly archives: string
  readonly restores: string
  readonly work: string
}

export const storeNames = (deployment: string): StoreNames => {
  // Names of S3 buckets are unique in the world, so they also contain the account and the region.
  const bucket = (purpose: string): string => `${deployment}-${purpose}-${Aws.ACCOUNT_ID}-${Aws.REGION}`
  return {
    resources: `${deployment}-resources`,
    jobs: `${deployment}-jobs`,
    blobs: bucket('blobs'),
    archives: bucket('archives'),
    restores: bucket('restores'),
    work: bucket('work'),
  }
}

export const stackNames = (deployment: string): { readonly data: string; readonly service: string } => ({
  data: `${deployment}-data`,
  service: `${deployment}-service`,
})

export const tableArn = (name: string): string =>
  `arn:${Aws.PARTITION}:dynamodb:${Aws.REGION}:${Aws.ACCOUNT_ID}:table/${name}`

/** ARN of a bucket or, with `keys`, of the objects in it. */
export const bucketArn = (name: string, keys?: string): string =>
  `arn:${Aws.PARTITION}:s3:::${name}${keys === undefined ? '' : `/${keys}`}`

/** ARN of all executions of a state machine. */
export const executionsArn = (stateMachine: string): string =>
  `arn:${Aws.PARTITION}:states:${Aws.REGION}:${Aws.ACCOUNT_ID}:execution:${stateMachine}:*`

/** ARN of all child executions of a state machine's distributed maps. */
export const childrenArn = (stateMachine: string): string =>
  `arn:${Aws.PARTITION}:states:${Aws.REGION}:${Aws.ACCOUNT_ID}:execution:${stateMachine}/*`
