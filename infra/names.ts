import { Aws } from 'aws-cdk-lib'

/** Names of the tables (`resources` and `jobs`) and of the buckets of a deployment. */
export interface StoreNames {
  readonly resources: string
  readonly jobs: string
  readonly blobs: string
  readonly archives: string
  readonly restores: string
  readonly work: string
}

/** The names of stores that are used instead of new ones. */
interface ExistingNames {
  readonly resource_table?: string
  readonly blob_bucket?: string
  readonly restore_bucket?: string
}

export const storeNames = (deployment: string, existing: ExistingNames): StoreNames => {
  // The name of an S3 bucket must be unique among all AWS accounts, so it also contains the account and the region.
  const bucket = (purpose: string): string => `${deployment}-${purpose}-${Aws.ACCOUNT_ID}-${Aws.REGION}`
  return {
    resources: existing.resource_table ?? `${deployment}-resources`,
    jobs: `${deployment}-jobs`,
    blobs: existing.blob_bucket ?? bucket('blobs'),
    archives: bucket('archives'),
    restores: existing.restore_bucket ?? bucket('restores'),
    work: bucket('work'),
  }
}

export const stackNames = (deployment: string): { readonly data: string; readonly service: string } => ({
  data: `${deployment}-data`,
  service: `${deployment}-service`,
})

export const tableArn = (name: string): string =>
  `arn:${Aws.PARTITION}:dynamodb:${Aws.REGION}:${Aws.ACCOUNT_ID}:table/${name}`

/** Returns the ARN of a bucket or, with `keys`, of the objects at these keys. */
export const bucketArn = (name: string, keys?: string): string =>
  `arn:${Aws.PARTITION}:s3:::${name}${keys === undefined ? '' : `/${keys}`}`

/** Returns the ARN of a state machine. */
export const stateMachineArn = (stateMachine: string): string =>
  `arn:${Aws.PARTITION}:states:${Aws.REGION}:${Aws.ACCOUNT_ID}:stateMachine:${stateMachine}`

/** Returns the ARN pattern of all executions of a state machine. */
export const executionsArn = (stateMachine: string): string =>
  `arn:${Aws.PARTITION}:states:${Aws.REGION}:${Aws.ACCOUNT_ID}:execution:${stateMachine}:*`

/** Returns the ARN pattern of all child executions that the distributed maps of a state machine start. */
export const childrenArn = (stateMachine: string): string =>
  `arn:${Aws.PARTITION}:states:${Aws.REGION}:${Aws.ACCOUNT_ID}:execution:${stateMachine}/*`

/**
 * Returns the name of a log group to which another AWS service delivers logs. Each other name would add a line to a
 * resource policy of CloudWatch Logs, which has at most 5,120 characters for the whole account. `name` starts with the
 * name of the deployment, so the log group is unique in the account and region.
 */
export const deliveredLogs = (service: 'apis' | 'states', name: string): string => `/aws/vendedlogs/${service}/${name}`
