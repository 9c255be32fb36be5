import process from 'node:process'
import { isOnLambda } from './is-on-lambda.ts'

// When it loads, the X-Ray SDK hooks into every promise, which costs a tenth of the CPU time. Outside Lambda nothing is traced.
if (!isOnLambda) process.env['AWS_XRAY_MANUAL_MODE'] = 'true'
