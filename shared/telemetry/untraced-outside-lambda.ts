import process from 'node:process'
import { isOnLambda } from './is-on-lambda.ts'

// As it is loaded, X-Ray's SDK hooks itself into every promise, at a tenth of a program's time: outside Lambda nothing is traced.
if (!isOnLambda) process.env['AWS_XRAY_MANUAL_MODE'] = 'true'
