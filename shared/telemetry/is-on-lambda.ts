import process from 'node:process'

/** Whether this process is a Lambda function's. */
export const isOnLambda = process.env['AWS_LAMBDA_FUNCTION_NAME'] !== undefined
