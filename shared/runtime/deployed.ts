import { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import { SFNClient } from '@aws-sdk/client-sfn'
import { STSClient } from '@aws-sdk/client-sts'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import * as z from 'zod'
import { ThrottlingRetryStrategy } from '../throttling/throttling-retry-strategy.ts'
import { dynamoDB, prepareClient, s3 } from './clients.ts'
import { readConfig } from './config.ts'
import { EventBridgePublisher } from '../jobs/aws/event-bus.ts'
import { makeServices } from './make-services.ts'
import { roleSigner } from '../objects/aws/role-signer.ts'
import type { Services } from './services.ts'
import { StepFunctionsEngine } from '../jobs/aws/step-functions-engine.ts'

/**
 * The ARNs in the environment variables. The workflow variables are set only for functions that start or stop
 * workflows, and `SIGNER_ROLE_ARN` only for functions that sign URLs.
 */
const Arns = z.object({
  EXPORT_WORKFLOW_ARN: z.string().optional(),
  RESTORE_WORKFLOW_ARN: z.string().optional(),
  CHECK_WORKFLOW_ARN: z.string().optional(),
  SIGNER_ROLE_ARN: z.string().optional(),
})

/**
 * The model registry of the deployment. The code of a function consists of one file, which contains this module, and of
 * the registry beside it.
 */
const DEPLOYED_MODELS = fileURLToPath(new URL('models.json', import.meta.url))

/** Creates the services of a Lambda function from its environment variables. */
export const deployedServices = (): Promise<Services> => {
  const config = readConfig({ MODELS_FILE: DEPLOYED_MODELS, ...process.env })
  const { region } = config
  const copyRegion = config.copy_archives_to?.region
  const { EXPORT_WORKFLOW_ARN, RESTORE_WORKFLOW_ARN, CHECK_WORKFLOW_ARN, SIGNER_ROLE_ARN } = Arns.parse(process.env)
  const configOf = (service: string) => ({ region, retryStrategy: new ThrottlingRetryStrategy(service) })
  const sts = prepareClient(new STSClient(configOf('STS')), 'STS')
  const stepFunctions = prepareClient(new SFNClient(configOf('Step Functions')), 'Step Functions')
  const eventBridge = prepareClient(new EventBridgeClient(configOf('EventBridge')), 'EventBridge')
  return makeServices({
    config,
    dynamoDb: dynamoDB({ region }),
    s3: s3({ region }),
    ...(copyRegion === undefined || copyRegion === region ? {} : { copyS3: s3({ region: copyRegion }) }),
    workflows: new StepFunctionsEngine(stepFunctions, {
      export: EXPORT_WORKFLOW_ARN,
      restore: RESTORE_WORKFLOW_ARN,
      check: CHECK_WORKFLOW_ARN,
    }),
    events: new EventBridgePublisher(eventBridge, config.buckets.archives),
    signerFor: roleSigner(sts, SIGNER_ROLE_ARN, (credentials) => s3({ region, credentials })),
  })
}
