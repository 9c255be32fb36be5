import process from 'node:process'

/** True if this process runs on AWS Lambda. */
export const isOnLambda = process.env['AWS_LAMBDA_FUNCTION_NAME'] !== undefined
