import { Aws } from 'aws-cdk-lib'

/** What a deployment's stores are called: by it, and buckets, whose names are the world's, by account and region too. */
export interface StoreNames {
  readonly resources: string
  readonly jobs: string
  readonly blobs: string
  readonly archives: string
  readonly restores: string
  readonly work: string
}

export const storeNames = (deployment: string): StoreNames => {
  const bucket = (of: string): string => `${deployment}-${of}-${Aws.ACCOUNT_ID}-${Aws.REGION}`
  return {
    resources: `${deployment}-resources`,
    jobs: `${deployment}-jobs`,
    blobs: bucket('blobs'),
    archives: bucket('archives'),
    restores: bucket('restores'),
    work: bucket('work'),
  }
}

export const tableArn = (name: string): string =>
  `arn:${Aws.PARTITION}:dynamodb:${Aws.REGION}:${Aws.ACCOUNT_ID}:table/${name}`

/** Of a bucket, or with `keys` of the objects in it. */
export const bucketArn = (name: string, keys?: string): string =>
  `arn:${Aws.PARTITION}:s3:::${name}${keys === undefined ? '' : `/${keys}`}`

/** Of all executions of a state machine. */
export const executionsArn = (stateMachine: string): string =>
  `arn:${Aws.PARTITION}:states:${Aws.REGION}:${Aws.ACCOUNT_ID}:execution:${stateMachine}:*`

/** Of all children of its distributed maps. */
export const childrenArn = (stateMachine: string): string =>
  `arn:${Aws.PARTITION}:states:${Aws.REGION}:${Aws.ACCOUNT_ID}:execution:${stateMachine}/*`
