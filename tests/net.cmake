unit_test(tls b7_http b7_tls)
