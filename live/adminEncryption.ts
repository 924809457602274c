/**
 * How MinIO's administration API encrypts answers that could have keys in them, with the caller's own secret key
 * (github.com/minio/madmin-go, `DecryptData`): a salt, the number of the algorithm, a nonce, and fragments sealed one by
 * one, each with its number in the nonce.
 */
import crypto, { type CipherGCMTypes } from "node:crypto";

const saltLength = 32;
const nonceLength = 8;
const tagLength = 16;
const fragmentLength = 2 ** 14;

interface Algorithm {
  readonly derivation: "argon2id" | "pbkdf2";
  readonly cipher: "aes-256-gcm" | "chacha20-poly1305";
}

/** By their number: what servers use on common processors, on others, and where FIPS is asked for. */
const algorithms: readonly Algorithm[] = [
  { derivation: "argon2id", cipher: "aes-256-gcm" },
  { derivation: "argon2id", cipher: "chacha20-poly1305" },
  { derivation: "pbkdf2", cipher: "aes-256-gcm" },
];

/**
 * Decrypts an answer.
 *
 * @throws when another key encrypted it, or an algorithm that is not known
 */
export function decrypt(secretKey: string, data: Buffer): string {
  const number = data[saltLength];
  const algorithm = number === undefined ? undefined : algorithms[number];
  if (!algorithm) throw new Error(`the answer is encrypted in a way that is not known (${number ?? "none"})`);
  const body = saltLength + 1 + nonceLength;
  const nonce = data.subarray(saltLength + 1, body);
  const { open, mark } = fragmentsOf(algorithm, keyFor(algorithm, secretKey, data.subarray(0, saltLength)), nonce);
  const sealed = split(data.subarray(body), fragmentLength + tagLength);
  const opened = sealed.map((fragment, index, all) => {
    const last = Buffer.of(index + 1 === all.length ? 0x80 : 0x00);
    return open(index + 1, Buffer.concat([last, mark]), fragment);
  });
  return Buffer.concat(opened).toString("utf8");
}

function keyFor({ derivation }: Algorithm, secretKey: string, salt: Buffer): Buffer {
  if (derivation === "pbkdf2") return crypto.pbkdf2Sync(secretKey, salt, 8192, 32, "sha256");
  const { argon2Sync } = crypto as Partial<Pick<typeof crypto, "argon2Sync">>;
  if (!argon2Sync) throw new Error(`to read MinIO's users Node 24.7 or later is needed; this is ${process.version}`);
  return argon2Sync("argon2id", {
    message: Buffer.from(secretKey),
    nonce: salt,
    parallelism: 4,
    tagLength: 32,
    memory: 64 * 1024,
    passes: 1,
  });
}

/** Opens the fragments of one stream; `mark` is what each of them is bound to. */
function fragmentsOf(algorithm: Algorithm, key: Buffer, nonce: Buffer) {
  // Both ciphers are used alike; the overloads want to know which one it is.
  const cipher = algorithm.cipher as CipherGCMTypes;
  const options = { authTagLength: tagLength };
  const numbered = (number: number): Buffer => {
    const counter = Buffer.alloc(4);
    counter.writeUInt32LE(number);
    return Buffer.concat([nonce, counter]);
  };
  const empty = crypto.createCipheriv(cipher, key, numbered(0), options);
  empty.final();
  return {
    mark: empty.getAuthTag(),
    open: (number: number, bound: Buffer, fragment: Buffer): Buffer => {
      const decipher = crypto.createDecipheriv(cipher, key, numbered(number), options);
      decipher.setAAD(bound);
      decipher.setAuthTag(fragment.subarray(-tagLength));
      return Buffer.concat([decipher.update(fragment.subarray(0, -tagLength)), decipher.final()]);
    },
  };
}

/** Pieces of a length, the last one shorter; one even of nothing. */
function split(data: Buffer, length: number): Buffer[] {
  const count = Math.max(1, Math.ceil(data.length / length));
  return Array.from({ length: count }, (_, index) => data.subarray(index * length, (index + 1) * length));
}
