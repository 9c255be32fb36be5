import type { Context } from 'aws-lambda'

/** Creates the Lambda context of a local call, without the deprecated methods `done`, `fail` and `succeed`. */
export const localContext = (functionName: string, requestId: string, timeoutMs: number): Context => {
  const deadline = performance.now() + timeoutMs
  return {
    callbackWaitsForEmptyEventLoop: false,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:local:000000000000:function:${functionName}`,
    memoryLimitInMB: '512',
    awsRequestId: requestId,
    logGroupName: 'local',
    logStreamName: 'local',
    getRemainingTimeInMillis: () => Math.max(0, deadline - performance.now()),
  } as Context
}
