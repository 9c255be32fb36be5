import { startServices } from '../services.ts'
import { objectStoreContract } from './object-store.contract.ts'

objectStoreContract(startServices)
