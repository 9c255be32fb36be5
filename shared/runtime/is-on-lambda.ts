import process from 'node:process'

export const isOnLambda = process.env['AWS_LAMBDA_FUNCTION_NAME'] !== undefined

// As it is loaded, X-Ray's SDK hooks itself into every promise, at a tenth of a program's time: outside Lambda nothing is traced.
if (!isOnLambda) process.env['AWS_XRAY_MANUAL_MODE'] = 'true'
