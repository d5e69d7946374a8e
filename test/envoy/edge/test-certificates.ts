/** Two self-signed certificates of tests, valid for a hundred years; their keys protect nothing. */
export interface TestCertificate {
  readonly commonName: string;
  readonly certificate: string;
  readonly privateKey: string;
}

export const certificateA: TestCertificate = {
  commonName: "a.example",
  certificate: `-----BEGIN CERTIFICATE-----
MIIBljCCATugAwIBAgIUNgB2xNY3Pr8IZH9RUR6MuxhvQswwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJYS5leGFtcGxlMCAXDTI2MTEyMTA3MDI0MloYDzIxMjYxMDI4
MDcwMjQyWjAUMRIwEAYDVQQDDAlhLmV4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARf6yiEz8ZfPFZ7q1xTe6bvK7xiQEEwJ0Gl72lqT4+2/EPDwktw3yiV
0Qj2gnnZYFZWU+H41QX9OKH83xk+Dd7Eo2kwZzAdBgNVHQ4EFgQULCLaNLDLGiGZ
52mMqXi9z1TVxdYwHwYDVR0jBBgwFoAULCLaNLDLGiGZ52mMqXi9z1TVxdYwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglhLmV4YW1wbGUwCgYIKoZIzj0EAwID
SQAwRgIhAIkSLzpvYk1r/uZcuSTMZzlhJ4zrrbytpwurXK5j4EhBAiEAk7LB11Hy
rLKNFVWp4UfffWxSr9Lz0ZotnOZW6cOfQZc=
-----END CERTIFICATE-----
`,
  privateKey: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgFtNP9WvRGi6RsO4/
jp+YuQZ9cBK8MFkVDHyal+3SXmehRANCAARf6yiEz8ZfPFZ7q1xTe6bvK7xiQEEw
J0Gl72lqT4+2/EPDwktw3yiV0Qj2gnnZYFZWU+H41QX9OKH83xk+Dd7E
-----END PRIVATE KEY-----
`,
};

export const certificateB: TestCertificate = {
  commonName: "b.example",
  certificate: `-----BEGIN CERTIFICATE-----
MIIBlTCCATugAwIBAgIUJ7Hr7ePC74oYre3Hg0YJDcQ7vkAwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJYi5leGFtcGxlMCAXDTI2MTEyMTA3MDI0MloYDzIxMjYxMDI4
MDcwMjQyWjAUMRIwEAYDVQQDDAliLmV4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARjJ7rBpj1rMxVkxhjxBlTAoJh+UkJVIejQ3cVistQGYHxIRm8NRKqI
jrvlpXDPven90YONdv2OV1kfAw+sTkF3o2kwZzAdBgNVHQ4EFgQUQioPwv1gqAtx
UeJCTKJZzGv1WrQwHwYDVR0jBBgwFoAUQioPwv1gqAtxUeJCTKJZzGv1WrQwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALggliLmV4YW1wbGUwCgYIKoZIzj0EAwID
SAAwRQIgHMkDleDU2y4PKJETvh3a9Q8z7SkWxG05Cz2Ac9xrUUUCIQDzVMYDoJQF
/0fDzkLwHCBBsYZPv6EcNafvHpfAyC0fQw==
-----END CERTIFICATE-----
`,
  privateKey: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgettw+iSH/lamgZT4
HTzOddePbYpS21EjNqNeDaZ9OiyhRANCAARjJ7rBpj1rMxVkxhjxBlTAoJh+UkJV
IejQ3cVistQGYHxIRm8NRKqIjrvlpXDPven90YONdv2OV1kfAw+sTkF3
-----END PRIVATE KEY-----
`,
};
